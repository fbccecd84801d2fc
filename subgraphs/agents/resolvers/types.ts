import { readPage } from '../../../platform/database/page.ts';
import { notFound } from '../../../platform/input/errors.ts';
import { maySee, maySeeAgent } from '../access.ts';
import { AgentRun as AgentRunEntity } from '../entities/agent-run.ts';
import { RunActivity } from '../entities/run-activity.ts';
import { isFinal } from '../entities/run-states.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { promptOf } from '../openclaw/request.ts';
import {
  agentStatus,
  livenessOf,
  priorityOf,
  readCursorBefore,
  readQueue,
  readRunTranscript,
  sumUsage,
} from './run-views.ts';

export const Agent: Resolvers['Agent'] = {
  __resolveReference: async ({ id }, ctx) => {
    const agent = await ctx.loaders.agent.load(id);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
  displayName: ({ name }) => name,
  systemPrompt: ({ systemPrompt, ownerId }, _args, ctx) =>
    ownerId === ctx.viewer.id ? (systemPrompt ?? null) : null,
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
  // A member of one of them does not learn of the others.
  projectIds: async ({ projectIds, ownerId }, _args, ctx) => {
    if (!projectIds || ownerId === ctx.viewer.id) return projectIds ?? null;
    const seen = await Promise.all(projectIds.map(async (id) => ((await maySee(ctx, id)) ? [id] : [])));
    return seen.flat();
  },
  runs: async ({ id }, { states, ...args }, ctx) =>
    readPage(
      ctx.em,
      AgentRunEntity,
      {
        agentId: id,
        projectId: { $in: await ctx.grants.idsOf('project:') },
        ...(states && { state: { $in: states } }),
      },
      { queuedAt: 'desc', id: 'desc' },
      args,
    ),
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
  priority: priorityOf,
  queue: (run, _args, ctx) => (run.state === 'QUEUED' ? readQueue(ctx, run) : null),
  attempts: ({ id }, _args, ctx) => ctx.loaders.attempts.load(id),
  retryOf: ({ retryOf }, _args, ctx) => (retryOf ? ctx.loaders.run.load(retryOf) : null),
  startedBy: async ({ startedByRunId }, _args, ctx) => {
    const run = startedByRunId ? await ctx.loaders.run.load(startedByRunId) : null;
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  question: ({ id }, _args, ctx) => ctx.loaders.question.load(id),
  liveness: livenessOf,
  activities: ({ id }, args, ctx) => readPage(ctx.em, RunActivity, { runId: id }, { seq: 'asc' }, args),
  transcript: (run, { attempt, last, before }, ctx) =>
    readRunTranscript(ctx, run, { attempt: attempt ?? null, last: last ?? null, before: before ?? null }),
  outcome: ({ state, answer, isAnswerTruncated }) =>
    state === 'SUCCEEDED' ? { text: answer ?? '', isTruncated: isAnswerTruncated } : null,
  // A run as it stood at an earlier event had not failed yet.
  failure: ({ state, failureCode, failureMessage }) =>
    isFinal(state) && failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: async ({ id }, _args, ctx) => sumUsage(await ctx.loaders.attempts.load(id)),
};

export const RunAttempt: Resolvers['RunAttempt'] = {
  prompt: ({ requestBody }) => promptOf(requestBody),
  failure: ({ failureCode, failureMessage }) =>
    failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: (attempt) => sumUsage([attempt]),
};

export const RunQuestion: Resolvers['RunQuestion'] = {
  kind: ({ choices }) => (choices.length > 0 ? 'CHOICE' : 'TEXT'),
  answeredBy: ({ answeredBy }) => (answeredBy ? { id: answeredBy } : null),
};

export const Task: Resolvers['Task'] = {
  __resolveReference: ({ id }) => ({ id }),
  activeRun: async ({ id }, _args, ctx) => {
    const run = await ctx.loaders.activeRun.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  runs: async ({ id }, args, ctx) =>
    readPage(
      ctx.em,
      AgentRunEntity,
      { taskId: id, projectId: { $in: await ctx.grants.idsOf('project:') } },
      { queuedAt: 'desc', id: 'desc' },
      args,
    ),
};

export const AgentRunChanged: Resolvers['AgentRunChanged'] = {
  // The row first and the right after it: a run as it is now must not reach somebody who was removed before now.
  run: async ({ runId, state }, _args, ctx) => {
    const run = await ctx.loaders.run.loadExisting(runId);
    if (!(await maySee(ctx, run.projectId))) throw notFound('Run', runId);
    return { ...run, state };
  },
};

export const AgentStatusChanged: Resolvers['AgentStatusChanged'] = {
  agent: async ({ agentId }, _args, ctx) => {
    const agent = await ctx.loaders.agent.load(agentId);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
};
