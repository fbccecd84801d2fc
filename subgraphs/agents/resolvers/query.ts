import { readPage } from '../../../platform/database/page.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import { isStorable } from '../../../platform/input/input.ts';
import { maySee, maySeeAgent, requireWorkspaceAdmin } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import type { AgentsContext } from '../loaders.ts';
import { selectAgents } from '../queries/agent-filter.ts';
import { readTargetOffers } from '../queries/target-offers.ts';

export const Query: QueryResolvers = {
  agent: async (_root, { id, slug }, ctx) => {
    if ((id == null) === (slug == null))
      throw new DomainError('INVALID', 'Give either `id` or `slug`', { field: ['id'] });
    if (id == null) return findBySlug(ctx, slug as string);
    const agent = await ctx.loaders.agent.load(id);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
  agents: async (_root, { filter, ...args }, ctx) =>
    readPage(ctx.em, Agent, await selectAgents(ctx, filter ?? {}), { name: 'asc', id: 'asc' }, args),
  agentRun: async (_root, { id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  agentsSync: (_root, _args, ctx) => {
    requireWorkspaceAdmin(ctx, 'see what every OpenClaw offers');
    return readTargetOffers(ctx);
  },
};

/** Several agents may have had a slug, one after the other or in several targets: one in use is preferred, then the newest. */
async function findBySlug(ctx: AgentsContext, slug: string): Promise<Agent | null> {
  if (!isStorable(slug)) return null;
  const visible = await selectAgents(ctx, { includeArchived: true });
  const [agent] = await ctx.em.find(
    Agent,
    { $and: [visible, { slug }] },
    { orderBy: [{ archivedAt: 'desc nulls first' }, { createdAt: 'desc' }, { id: 'desc' }], limit: 1 },
  );
  return agent ?? null;
}
