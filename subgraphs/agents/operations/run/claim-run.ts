import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { Agent } from '../../entities/agent.ts';
import { AgentProject } from '../../entities/agent-project.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { openAttempt } from '../attempt/steps/open-attempt.ts';
import { handOverOf } from '../attempt/steps/read-hand-over.ts';
import { changeRunState } from './steps/change-run-state.ts';
import { stopAtObstacle } from './steps/stop-at-obstacle.ts';
import { WAITING_RUNS } from './steps/waiting-runs.ts';

/** Bounds of handing runs over. */
export interface ClaimLimits {
  /** The most runs in one target at a time, over all agents. */
  runsMax: number;
  /** How long one process may hand over a run. */
  leaseSeconds: number;
}

/** Any number that nothing else in the database uses as an advisory lock. */
const DISPATCHERS_LOCK = 7_366_091_846;

/**
 * Gives the next READY run a slot, and this process the lease to hand it over. A run that may not start any more ends
 * instead, which is `stopped`; null when no run is READY.
 *
 * The bytes to send are stored before they are sent, so that every repeat of the hand-over sends the same bytes.
 */
export async function claimRun(tx: Transaction, limits: ClaimLimits): Promise<HandOver | 'stopped' | null> {
  // Two dispatchers that count at the same time could exceed `runsMax` together.
  tx.locks.take('Dispatchers');
  await tx.em.execute('select pg_advisory_xact_lock(?)', [DISPATCHERS_LOCK]);
  const next = await findNext(tx, limits.runsMax);
  if (!next) return null;
  const agent = await lockExisting(tx, Agent, next.agent_id);
  const run = await lockExisting(tx, AgentRun, next.id);
  const slot = await findFreeSlot(tx, agent);
  // The run or the agent may have changed before they were locked.
  if (run.state !== 'QUEUED' || !agent.isEnabled || slot === null) return null;
  if (await stopAtObstacle(tx, run)) return 'stopped';

  const attempt = await openAttempt(tx, agent, run);
  const now = await tx.now();
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  run.slot = slot;
  run.leaseUntil = after(limits.leaseSeconds);
  run.deadlineAt = after(run.timeoutSeconds + limits.leaseSeconds);
  await changeRunState(tx, run, 'DISPATCHING');
  const turn = { agentId: agent.id, projectId: run.projectId };
  await tx.em.nativeUpdate(AgentProject, turn, { lastTurnAt: now });
  return handOverOf(run, attempt, agent);
}

/**
 * The next READY run: runs of the highest priority first; of these the project of which the agent holds the fewest
 * runs; of these the project whose last turn was the longest ago, so that 10,000 runs of one project do not keep
 * another waiting; within a project in the order in which the runs were asked for.
 */
async function findNext(tx: Transaction, runsMax: number): Promise<{ id: string; agent_id: string } | null> {
  const [row]: { id: string; agent_id: string }[] = await tx.em.execute(
    `${WAITING_RUNS}
     select waiting.id, waiting.agent_id from waiting
     join agents.agent_project as turn
       on turn.agent_id = waiting.agent_id and turn.project_id = waiting.project_id
     where waiting.is_agent_ready and waiting.reason = 'READY'
     order by waiting.priority desc,
       (select count(*) from held
        where held.agent_id = waiting.agent_id and held.project_id = waiting.project_id),
       turn.last_turn_at nulls first, waiting.queued_at, waiting.id
     limit 1`,
    [runsMax],
  );
  return row ?? null;
}

/** The lowest slot number that no run of the agent holds; null when the agent holds as many as it may. */
async function findFreeSlot(tx: Transaction, agent: Agent): Promise<number | null> {
  const held = await tx.em.find(AgentRun, { agentId: agent.id, slot: { $ne: null } });
  if (held.length >= agent.maxConcurrent) return null;
  const taken = new Set(held.map(({ slot }) => slot));
  for (let slot = 1; ; slot++) if (!taken.has(slot)) return slot;
}
