import { mayManage, maySee, maySeeAgent } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { agentStatus } from '../queries/agent-status.ts';

export const Agent: Resolvers['Agent'] = {
  __resolveReference: async ({ id }, ctx) => {
    const agent = await ctx.loaders.agent.load(id);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
  displayName: ({ name }) => name,
  systemPrompt: (agent, _args, ctx) => (mayManage(ctx, agent) ? (agent.systemPrompt ?? null) : null),
  status: async (agent, _args, ctx) =>
    agentStatus(
      agent,
      await ctx.loaders.workload.load(agent.id),
      await ctx.loaders.target.load(agent.target),
    ),
  currentTasks: async ({ id }, _args, ctx) => (await ctx.loaders.workload.load(id)).held,
  queuedRuns: async ({ id }, _args, ctx) => (await ctx.loaders.workload.load(id)).queued,
  owner: ({ ownerId }) => ({ id: ownerId }),
  openClaw: ({ target }) => target,
  // A member of one project must not learn of the others.
  projectIds: async (agent, _args, ctx) => {
    if (!agent.projectIds || mayManage(ctx, agent)) return agent.projectIds ?? null;
    const seen = await Promise.all(agent.projectIds.map(async (id) => ((await maySee(ctx, id)) ? [id] : [])));
    return seen.flat();
  },
  runs: async ({ id }, { states, ...args }, ctx) =>
    ctx.loaders.runsOfAgent(id, args, {
      projectId: { $in: await ctx.loaders.projectIds() },
      ...(states && { state: { $in: states } }),
    }),
};
