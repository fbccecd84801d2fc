import { readPage } from '../../../platform/page.ts';
import { maySee } from '../access.ts';
import { AgentRun as AgentRunEntity } from '../entities/agent-run.ts';
import { isFinal } from '../entities/run-states.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { agentStatus, readCursorBefore, readQueue } from './run-views.ts';

export const Agent: Resolvers['Agent'] = {
  __resolveReference: ({ id }, ctx) => ctx.loaders.agent.load(id),
  displayName: ({ name }) => name,
  status: async (agent, _args, ctx) => agentStatus(agent, await ctx.loaders.workload.load(agent.id)),
  currentTasks: async ({ id }, _args, ctx) => (await ctx.loaders.workload.load(id)).held,
  queuedRuns: async ({ id }, _args, ctx) => (await ctx.loaders.workload.load(id)).queued,
  owner: ({ ownerId }) => ({ id: ownerId }),
};

export const AgentRun: Resolvers['AgentRun'] = {
  __resolveReference: async ({ id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  cursor: (run, _args, ctx) => readCursorBefore(ctx.em, run),
  agent: ({ agentId }, _args, ctx) => ctx.loaders.agent.loadExisting(agentId),
  task: ({ taskId }) => ({ id: taskId }),
  requestedBy: ({ requestedBy }) => ({ id: requestedBy }),
  queue: (run, _args, ctx) => (run.state === 'QUEUED' ? readQueue(ctx, run) : null),
  outcome: ({ state, answer, isAnswerTruncated }) =>
    state === 'SUCCEEDED' ? { text: answer ?? '', isTruncated: isAnswerTruncated } : null,
  // A run as it stood at an earlier event had not failed yet.
  failure: ({ state, failureCode, failureMessage }) =>
    isFinal(state) && failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: ({ inputTokens, outputTokens, usageModel }) => ({
    inputTokens: inputTokens ?? null,
    outputTokens: outputTokens ?? null,
    model: usageModel ?? null,
    costStatus: inputTokens == null && outputTokens == null ? 'NOT_REPORTED' : 'UNPRICED',
  }),
};

export const Task: Resolvers['Task'] = {
  __resolveReference: ({ id }) => ({ id }),
  activeRun: async ({ id }, _args, ctx) => {
    const run = await ctx.loaders.activeRun.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  runs: async ({ id }, args, ctx) => {
    const projectIds = await ctx.grants.idsOf('project:');
    return readPage(
      ctx.em,
      AgentRunEntity,
      { taskId: id, projectId: { $in: projectIds } },
      { queuedAt: 'desc', id: 'desc' },
      args,
    );
  },
};

export const AgentRunChanged: Resolvers['AgentRunChanged'] = {
  run: async ({ runId, state }, _args, ctx) => ({ ...(await ctx.loaders.run.loadExisting(runId)), state }),
};

export const AgentStatusChanged: Resolvers['AgentStatusChanged'] = {
  agent: ({ agentId }, _args, ctx) => ctx.loaders.agent.load(agentId),
};
