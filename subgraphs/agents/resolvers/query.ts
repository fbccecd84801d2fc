import type { FilterQuery } from '@mikro-orm/core';
import { readPage } from '../../../platform/database/page.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import { isStorable, isUuid } from '../../../platform/input/input.ts';
import { maySee, maySeeAgent } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import type { AgentFilter, QueryResolvers } from '../generated/resolvers.ts';
import type { AgentsContext } from '../loaders.ts';
import { compareWithOpenClaw } from './openclaw-targets.ts';

export const Query: QueryResolvers = {
  agent: async (_root, { id, slug }, ctx) => {
    if ((id == null) === (slug == null))
      throw new DomainError('INVALID', 'Give either `id` or `slug`', { field: ['id'] });
    const agent = id != null ? await ctx.loaders.agent.load(id) : await findBySlug(ctx, slug as string);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
  agents: async (_root, { filter, ...args }, ctx) =>
    readPage(ctx.em, Agent, await agentsWanted(ctx, filter ?? {}), { name: 'asc', id: 'asc' }, args),
  agentRun: async (_root, { id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  agentsSync: (_root, _args, ctx) => compareWithOpenClaw(ctx),
};

const findBySlug = async ({ em }: AgentsContext, slug: string): Promise<Agent | null> =>
  isStorable(slug) ? em.findOne(Agent, { slug }) : null;

const NONE: FilterQuery<Agent> = { id: { $in: [] } };

/** The agents that the viewer may see, narrowed by the filter. */
async function agentsWanted(
  ctx: AgentsContext,
  { isEnabled, projectId, tag, includeArchived }: AgentFilter,
): Promise<FilterQuery<Agent>> {
  const own = await ctx.grants.idsOf('project:');
  const wanted: FilterQuery<Agent>[] = [
    { $or: [{ projectIds: null }, { ownerId: ctx.viewer.id }, { projectIds: { $overlap: own } }] },
  ];
  if (isEnabled != null) wanted.push({ isEnabled });
  if (tag != null) wanted.push(isStorable(tag) ? { tags: { $contains: [tag] } } : NONE);
  if (!includeArchived) wanted.push({ archivedAt: null });
  if (projectId != null) {
    const forProject = { $or: [{ projectIds: null }, { projectIds: { $contains: [projectId] } }] };
    wanted.push(isUuid(projectId) ? forProject : NONE);
  }
  return { $and: wanted };
}
