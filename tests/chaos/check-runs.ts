import { RunChanged, type RunState } from '../../schema/events/agents.ts';
import { holdsSlot, isFinal, mayBecome } from '../../subgraphs/agents/entities/run-states.ts';
import type { History, LogEvent, RunRow } from './history.ts';

/** A transaction may begin before a change that it then waits for; it waits no longer than this for a lock. */
const LOCK_MS = 5_000;
/** How long ending a run may take after its deadline, while processes are being killed. */
const GRACE_MS = 30_000;
/** Of DISPATCH_LEASE_SECONDS: a run that is being handed over has so much longer. */
const LEASE_MS = 2_000;

/** A step of a run, as the log tells it. */
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
 * I1. Replays the stream: whenever a run takes a slot, its agent has no more than it may have then. A lowered maximum
 * ends no run, so nothing is asked of the runs that hold a slot already.
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
          `event ${seq}: run ${runId} is number ${held.size} of agent ${agentId}, which may have ${maximum}`,
        );
    }
  }
  for (const [agentId, held] of holders)
    for (const runId of held) violations.push(`run ${runId} still holds a slot of agent ${agentId}`);
  return violations;
}

/** The largest maximum that may have been in force: from when it was asked for until another was acknowledged. */
function maximumAt({ maxima }: History, agentId: string, at: number): number {
  const own = maxima.filter((change) => change.agentId === agentId && change.askedAt <= at + LOCK_MS);
  const isReplaced = (change: (typeof own)[number]) =>
    own.some((later) => later.askedAt > change.acknowledgedAt && later.acknowledgedAt <= at);
  return Math.max(0, ...own.filter((change) => !isReplaced(change)).map(({ maximum }) => maximum));
}

/** I2. */
export function checkDeadlines(history: History): string[] {
  const byRun = stepsByRun(history);
  return history.runs.flatMap((run) => {
    if (!isFinal(run.state)) return [`run ${run.id} is still ${run.state}`];
    const lateMs = afterDeadlineMs(run, byRun.get(run.id) ?? []);
    return lateMs > GRACE_MS ? [`run ${run.id} ended ${Math.round(lateMs / 1000)} s after its deadline`] : [];
  });
}

/** How long after its deadline a run ended that held a slot until then; negative when it ended before. */
function afterDeadlineMs(run: RunRow, steps: readonly Step[]): number {
  const [before, end] = steps.slice(-2);
  if (!before || !end || !holdsSlot(before.state)) return Number.NEGATIVE_INFINITY;
  const started = steps.findLast(({ state }) => state === 'RUNNING' || state === 'DISPATCHING');
  const leaseMs = started?.state === 'DISPATCHING' ? LEASE_MS : 0;
  return end.at - ((started ?? before).at + run.timeoutSeconds * 1000 + leaseMs);
}

/** The longest time from a run's deadline to its end, in milliseconds; 0 when none was late. */
export function longestLateMs(history: History): number {
  const byRun = stepsByRun(history);
  return Math.max(0, ...history.runs.map((run) => afterDeadlineMs(run, byRun.get(run.id) ?? [])));
}

/** I3. */
export function checkSteps(history: History): string[] {
  const byRun = stepsByRun(history);
  const known = new Set(history.runs.map(({ id }) => id));
  const strangers = [...byRun.keys()].filter((runId) => !known.has(runId));
  return [
    ...strangers.map((runId) => `run ${runId} is in the log and not among the rows`),
    ...history.runs.flatMap((run) => checkStepsOf(run, byRun.get(run.id) ?? [])),
  ];
}

function checkStepsOf(run: RunRow, steps: readonly Step[]): string[] {
  const violations: string[] = [];
  if (steps[0]?.state !== 'QUEUED') violations.push(`run ${run.id} begins as ${steps[0]?.state}`);
  for (const [index, { seq, state }] of steps.entries()) {
    const before = steps[index - 1]?.state;
    if (before && !mayBecome(before, state))
      violations.push(`event ${seq}: run ${run.id} goes from ${before} to ${state}`);
  }
  const ends = steps.filter(({ state }) => isFinal(state));
  if (isFinal(run.state) && ends.length !== 1)
    violations.push(`run ${run.id} has ${ends.length} final events`);
  const last = steps.at(-1)?.state;
  if (last !== run.state) violations.push(`run ${run.id} is ${run.state}, its last event says ${last}`);
  return violations;
}
