import { DomainError } from '../../../platform/errors.ts';
import { readPage } from '../../../platform/page.ts';
import { maySee } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';

export const Query: QueryResolvers = {
  agent: async (_root, { id, slug }, ctx) => {
    if ((id == null) === (slug == null))
      throw new DomainError('INVALID', 'Give either `id` or `slug`', { field: ['id'] });
    return id != null ? ctx.loaders.agent.load(id) : ctx.em.findOne(Agent, { slug: slug as string });
  },
  agents: (_root, { filter, ...args }, ctx) =>
    readPage(
      ctx.em,
      Agent,
      filter?.isEnabled == null ? {} : { isEnabled: filter.isEnabled },
      { name: 'asc', id: 'asc' },
      args,
    ),
  agentRun: async (_root, { id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
};
