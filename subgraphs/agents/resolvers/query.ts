import { readPage } from '../../../platform/database/page.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import { isStorable } from '../../../platform/input/input.ts';
import { maySee, maySeeAgent } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import type { AgentsContext } from '../loaders.ts';
import { selectAgents } from '../queries/agent-filter.ts';
import { readTargetOffers } from '../queries/target-offers.ts';

export const Query: QueryResolvers = {
  agent: async (_root, { id, slug }, ctx) => {
    if ((id == null) === (slug == null))
      throw new DomainError('INVALID', 'Give either `id` or `slug`', { field: ['id'] });
    const agent = id != null ? await ctx.loaders.agent.load(id) : await findBySlug(ctx, slug as string);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
  agents: async (_root, { filter, ...args }, ctx) =>
    readPage(ctx.em, Agent, await selectAgents(ctx, filter ?? {}), { name: 'asc', id: 'asc' }, args),
  agentRun: async (_root, { id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  agentsSync: (_root, _args, ctx) => readTargetOffers(ctx),
};

const findBySlug = async ({ em }: AgentsContext, slug: string): Promise<Agent | null> =>
  isStorable(slug) ? em.findOne(Agent, { slug }) : null;
