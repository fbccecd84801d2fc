import { maySee } from '../access.ts';
import { type AgentRun as AgentRunRow, RUN_PRIORITIES, type RunPriority } from '../entities/agent-run.ts';
import { isFinal } from '../entities/run-states.ts';
import type { Liveness, Resolvers } from '../generated/resolvers.ts';
import { readRunTranscript } from '../queries/run-transcript.ts';
import { sumUsage } from '../queries/run-usage.ts';

export const AgentRun: Resolvers['AgentRun'] = {
  __resolveReference: async ({ id }, ctx) => {
    const run = await ctx.loaders.run.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  cursor: (run, _args, ctx) => ctx.loaders.cursor.load(run),
  agent: ({ agentId }, _args, ctx) => ctx.loaders.agent.loadExisting(agentId),
  task: ({ taskId }) => ({ id: taskId }),
  requestedBy: ({ requestedBy }) => ({ id: requestedBy }),
  priority: ({ priority }) => priorityNamed(priority),
  queue: (run, _args, ctx) => (run.state === 'QUEUED' ? ctx.loaders.queue.load(run) : null),
  attempts: ({ id }, _args, ctx) => ctx.loaders.attempts.load(id),
  retryOf: ({ retryOf }, _args, ctx) => (retryOf ? ctx.loaders.run.load(retryOf) : null),
  startedBy: async ({ startedByRunId }, _args, ctx) => {
    const run = startedByRunId ? await ctx.loaders.run.load(startedByRunId) : null;
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  question: ({ id }, _args, ctx) => ctx.loaders.question.load(id),
  liveness: (run) => livenessOf(run),
  activities: ({ id }, args, ctx) => ctx.loaders.activities(id, args),
  transcript: (run, request, ctx) => readRunTranscript(ctx, run, request),
  outcome: ({ state, answer, isAnswerTruncated, possibleQuestion }) =>
    state === 'SUCCEEDED'
      ? { text: answer ?? '', isTruncated: isAnswerTruncated, possibleQuestion: possibleQuestion ?? null }
      : null,
  // The run of an earlier event has the state of that event, and had not failed yet.
  failure: ({ state, failureCode, failureMessage }) =>
    isFinal(state) && failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: async ({ id }, _args, ctx) => sumUsage(await ctx.loaders.attempts.load(id)),
};

const priorityNamed = (priority: number): RunPriority =>
  (Object.keys(RUN_PRIORITIES) as RunPriority[]).find((name) => RUN_PRIORITIES[name] === priority) ??
  'NORMAL';

const STALE_MS = 300_000;

/** What is known of a run in OpenClaw; null for a run that is not there. */
function livenessOf({ state, isHandOverUnknown, heardAt }: AgentRunRow): Liveness | null {
  if (state === 'DISPATCHING') return isHandOverUnknown ? 'UNKNOWN' : 'LIVE';
  if (state !== 'RUNNING' && state !== 'CANCELING') return null;
  return !heardAt || Date.now() - heardAt.getTime() > STALE_MS ? 'STALE' : 'LIVE';
}
