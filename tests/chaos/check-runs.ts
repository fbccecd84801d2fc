import { RunChanged, type RunState } from '../../schema/events/agents.ts';
import { holdsSlot, isFinal, mayBecome } from '../../subgraphs/agents/entities/run-states.ts';
import type { History, LogEvent, RunRow } from './history.ts';

/** The longest wait for a lock. A transaction can begin before a change for which it then waits. */
const LOCK_WAIT_MS_MAX = 5_000;
/** How late a run may end after its deadline while processes are killed. */
const LATE_MS_MAX = 30_000;
/** DISPATCH_LEASE_SECONDS of the scenario. A run during its hand-over may take this much longer. */
const LEASE_MS = 2_000;

/** A state change of a run in the log. */
interface Step {
  seq: number;
  at: number;
  runId: string;
  agentId: string;
  state: RunState;
}

const stepsOf = ({ events, stream }: Pick<History, 'events' | 'stream'>): Step[] =>
  events.filter((event) => event.stream === stream && event.type === RunChanged.type).map(stepOf);

const stepOf = ({ seq, at, subject, payload }: LogEvent): Step => ({
  seq,
  at,
  runId: subject,
  agentId: String(payload['agentId']),
  state: payload['state'] as RunState,
});

const stepsByRun = (history: History) => Map.groupBy(stepsOf(history), ({ runId }) => runId);

/**
 * I1. Replays the stream: when a run takes a slot, its agent must not exceed its maximum at that time. A lowered maximum
 * ends no run, so runs that hold a slot already are not checked again.
 */
export function checkCapacity(history: History): string[] {
  const violations: string[] = [];
  const holders = new Map<string, Set<string>>();
  for (const { seq, at, runId, agentId, state } of stepsOf(history)) {
    const held = holders.get(agentId) ?? new Set();
    holders.set(agentId, held);
    if (!holdsSlot(state)) held.delete(runId);
    else if (!held.has(runId)) {
      held.add(runId);
      const maximum = maximumAt(history, agentId, at);
      if (held.size > maximum)
        violations.push(
          `event ${seq}: agent ${agentId} has ${held.size} runs with run ${runId}, and its maximum is ${maximum}`,
        );
    }
  }
  for (const [agentId, held] of holders)
    for (const runId of held) violations.push(`run ${runId} still holds a slot of agent ${agentId}`);
  return violations;
}

/** Returns the largest maximum that could apply at a time: from its request until a later one was acknowledged. */
function maximumAt({ maxima }: History, agentId: string, at: number): number {
  const own = maxima.filter(
    (change) => change.agentId === agentId && change.askedAt <= at + LOCK_WAIT_MS_MAX,
  );
  const isReplaced = (change: (typeof own)[number]) =>
    own.some((later) => later.askedAt > change.acknowledgedAt && later.acknowledgedAt <= at);
  return Math.max(0, ...own.filter((change) => !isReplaced(change)).map(({ maximum }) => maximum));
}

/** I2. Every run has ended, at most LATE_MS_MAX after its deadline. */
export function checkDeadlines(history: History): string[] {
  const byRun = stepsByRun(history);
  return history.runs.flatMap((run) => {
    if (!isFinal(run.state)) return [`run ${run.id} has not ended; its state is ${run.state}`];
    const lateMs = afterDeadlineMs(run, byRun.get(run.id) ?? []);
    return lateMs > LATE_MS_MAX
      ? [`run ${run.id} ended ${Math.round(lateMs / 1000)} s after its deadline`]
      : [];
  });
}

/** Returns how long after its deadline a run with a slot ended; negative when it ended before its deadline. */
function afterDeadlineMs(run: RunRow, steps: readonly Step[]): number {
  const [before, end] = steps.slice(-2);
  if (!before || !end || !holdsSlot(before.state)) return Number.NEGATIVE_INFINITY;
  const started = steps.findLast(({ state }) => state === 'RUNNING' || state === 'DISPATCHING');
  const leaseMs = started?.state === 'DISPATCHING' ? LEASE_MS : 0;
  return end.at - ((started ?? before).at + run.timeoutSeconds * 1000 + leaseMs);
}

/** Returns the longest time from the deadline of a run to its end, in milliseconds; 0 when no run was late. */
export function longestLateMs(history: History): number {
  const byRun = stepsByRun(history);
  return Math.max(0, ...history.runs.map((run) => afterDeadlineMs(run, byRun.get(run.id) ?? [])));
}

/** I3. Every run takes only allowed steps, ends once, and agrees with its row. */
export function checkSteps(history: History): string[] {
  const byRun = stepsByRun(history);
  const known = new Set(history.runs.map(({ id }) => id));
  const unknownRunIds = [...byRun.keys()].filter((runId) => !known.has(runId));
  return [
    ...unknownRunIds.map((runId) => `run ${runId} is in the log but has no row`),
    ...history.runs.flatMap((run) => checkStepsOf(run, byRun.get(run.id) ?? [])),
  ];
}

function checkStepsOf(run: RunRow, steps: readonly Step[]): string[] {
  const violations: string[] = [];
  if (steps[0]?.state !== 'QUEUED') violations.push(`the first state of run ${run.id} is ${steps[0]?.state}`);
  for (const [index, { seq, state }] of steps.entries()) {
    const before = steps[index - 1]?.state;
    if (before && !mayBecome(before, state))
      violations.push(`event ${seq}: run ${run.id} changes from ${before} to ${state}`);
  }
  const ends = steps.filter(({ state }) => isFinal(state));
  if (isFinal(run.state) && ends.length !== 1)
    violations.push(`run ${run.id} has ${ends.length} final events`);
  const last = steps.at(-1)?.state;
  if (last !== run.state)
    violations.push(`the row of run ${run.id} has state ${run.state}, its last event ${last}`);
  return violations;
}
