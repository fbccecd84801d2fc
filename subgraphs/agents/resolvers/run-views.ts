import type { EntityManager } from '@mikro-orm/postgresql';
import { PAGE_ITEMS_MAX } from '../../../platform/database/page.ts';
import { encodeCursor } from '../../../platform/event-log/cursor.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import { projectStream } from '../../../schema/events/event.ts';
import type { Agent } from '../entities/agent.ts';
import { type AgentRun, RUN_PRIORITIES, type RunPriority } from '../entities/agent-run.ts';
import { KnownTask } from '../entities/known-task.ts';
import type { OpenClawTarget } from '../entities/openclaw-target.ts';
import type { ModelUsage, RunAttempt } from '../entities/run-attempt.ts';
import type {
  AgentStatus,
  Liveness,
  QueueReason,
  RunQueue,
  RunTranscript,
  RunUsage,
} from '../generated/resolvers.ts';
import type { AgentsContext, Workload } from '../loaders.ts';

const STALE_MS = 300_000;
/** The largest number of GraphQL's Int. */
const COUNT_MAX = 2 ** 31 - 1;

/** What an agent does now: BUSY is exactly when a start with REJECT would be refused. */
export function agentStatus(
  { isEnabled, maxConcurrent }: Agent,
  { held, queued }: Workload,
  target: OpenClawTarget | null,
): AgentStatus {
  if (!isEnabled) return 'DISABLED';
  if (target && !target.isReachable) return 'UNREACHABLE';
  const unfinished = held + queued;
  if (unfinished === 0) return 'IDLE';
  return unfinished < maxConcurrent ? 'WORKING' : 'BUSY';
}

export const priorityOf = ({ priority }: AgentRun): RunPriority =>
  (Object.keys(RUN_PRIORITIES) as RunPriority[]).find((name) => RUN_PRIORITIES[name] === priority) ??
  'NORMAL';

/** What is known of a run at work; null for one that is not. */
export function livenessOf({ state, isHandOverUnknown, heardAt }: AgentRun): Liveness | null {
  if (state === 'DISPATCHING') return isHandOverUnknown ? 'UNKNOWN' : 'LIVE';
  if (state !== 'RUNNING' && state !== 'CANCELING') return null;
  return !heardAt || Date.now() - heardAt.getTime() > STALE_MS ? 'STALE' : 'LIVE';
}

/** Why a queued run waits, and behind how many. */
export async function readQueue(ctx: AgentsContext, run: AgentRun): Promise<RunQueue> {
  const [row]: { ahead: number; is_waiting: boolean }[] = await ctx.em.execute(
    `select
       (select count(*)::int from agents.agent_run
        where agent_id = ? and state = 'QUEUED' and (-priority, queued_at, id) < (?, ?, ?)) as ahead,
       exists (select 1 from agents.agent_run where id = ? and state = 'QUEUED') as is_waiting`,
    [run.agentId, -run.priority, run.queuedAt, run.id, run.id],
  );
  const { ahead, is_waiting } = row!;
  return {
    position: ahead + 1,
    // It may have been given a slot since the row was read: what it waited for is over then.
    reason: is_waiting ? await queueReason(ctx, run) : 'READY',
    since: run.queuedAt,
    expiresAt: run.queueExpiresAt,
  };
}

async function queueReason(ctx: AgentsContext, run: AgentRun): Promise<QueueReason> {
  const agent = await ctx.loaders.agent.loadExisting(run.agentId);
  const target = await ctx.loaders.target.load(agent.target);
  if (!agent.isEnabled) return 'AGENT_DISABLED';
  if (target && !isTakingRuns(target)) return 'OPENCLAW_UNAVAILABLE';
  if (!run.ignoresBlockers && (await isBlocked(ctx, run))) return 'TASK_BLOCKED';
  if (run.nextHandOverAt > new Date()) return 'BACKOFF';
  const { held } = await ctx.loaders.workload.load(run.agentId);
  if (held >= agent.maxConcurrent) return 'AGENT_AT_CAPACITY';
  return (await heldIn(ctx.em, agent.target)) >= ctx.settings.runsMax ? 'OPENCLAW_AT_CAPACITY' : 'READY';
}

const isTakingRuns = ({ isReachable, pausedUntil }: OpenClawTarget): boolean =>
  isReachable && !(pausedUntil && pausedUntil > new Date());

const isBlocked = async (ctx: AgentsContext, { taskId }: AgentRun): Promise<boolean> =>
  ((await ctx.em.findOne(KnownTask, { id: taskId }))?.openBlockerRefs.length ?? 0) > 0;

async function heldIn(em: EntityManager, target: string): Promise<number> {
  const [row]: { held: number }[] = await em.execute(
    `select count(*)::int as held from agents.agent_run as run
     join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt
     where run.slot is not null and attempt.target = ?`,
    [target],
  );
  return row!.held;
}

/** The position just before a run's first event: whoever follows from here sees every step. */
export async function readCursorBefore(em: EntityManager, run: AgentRun): Promise<string> {
  const stream = projectStream(run.projectId);
  const [row]: { first: number | null }[] = await em.execute(
    'select min(seq)::float8 as first from log.event where stream = ? and subject = ?',
    [stream, run.id],
  );
  return encodeCursor(stream, Math.max(0, (row?.first ?? 1) - 1));
}

/** Adds up what attempts cost. What none of them reported stays unknown. */
export function sumUsage(attempts: readonly Pick<RunAttempt, 'usage'>[]): RunUsage {
  const reported = attempts.flatMap(({ usage }) => usage ?? []);
  const byModel = [...Map.groupBy(reported, ({ model }) => model)].map(([model, usages]) => ({
    model,
    ...sums(usages),
  }));
  const total = sums(reported);
  const isPriced = total.costMicros !== null;
  const isReported = total.inputTokens !== null || total.outputTokens !== null;
  return { ...total, byModel, costStatus: isPriced ? 'REPORTED' : isReported ? 'UNPRICED' : 'NOT_REPORTED' };
}

const sums = (usages: readonly ModelUsage[]) => ({
  inputTokens: sum(usages.map(({ inputTokens }) => inputTokens)),
  outputTokens: sum(usages.map(({ outputTokens }) => outputTokens)),
  costMicros: sum(usages.map(({ costMicros }) => costMicros)),
});

const sum = (counts: readonly (number | null)[]): number | null =>
  counts.reduce((total, count) => (count === null ? total : Math.min((total ?? 0) + count, COUNT_MAX)), null);

/** Reads a page of what was said in OpenClaw. Throws UNAVAILABLE while OpenClaw does not say. */
export async function readRunTranscript(
  ctx: AgentsContext,
  run: AgentRun,
  page: { attempt?: number | null; last?: number | null; before?: string | null },
): Promise<RunTranscript | null> {
  const rows = page.last ?? 50;
  if (rows < 1 || rows > PAGE_ITEMS_MAX)
    throw new DomainError('INVALID', `\`last\` must be 1 to ${PAGE_ITEMS_MAX}`, { field: ['last'] });
  const number = page.attempt ?? run.attempt;
  const attempt = (await ctx.loaders.attempts.load(run.id)).find((each) => each.number === number);
  if (!attempt) return null;
  const { slug: agentSlug } = await ctx.loaders.agent.loadExisting(run.agentId);
  try {
    const session = { agentSlug, sessionKey: attempt.sessionKey };
    const openClaw = ctx.settings.targets.get(attempt.target);
    return await openClaw.readTranscript(session, { rows, before: page.before ?? null });
  } catch (error) {
    ctx.log.warn({ err: error, runId: run.id }, 'transcript.not-read');
    throw new DomainError('UNAVAILABLE', 'OpenClaw does not show the conversation now; try again later');
  }
}
