import { LockMode } from '@mikro-orm/core';
import { databaseTime } from '../../../../platform/database/database.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { Agent } from '../../entities/agent.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { type Dispatch, dispatchOf, readDispatch } from '../attempt/steps/dispatch.ts';
import { openAttempt } from '../attempt/steps/open-attempt.ts';
import { changeRunState } from './steps/change-run-state.ts';

/** Bounds on handing runs over. */
export interface ClaimLimits {
  /** Runs in one OpenClaw at a time, over all agents. */
  runsMax: number;
  leaseSeconds: number;
}

/** One dispatcher at a time counts and claims, or two could pass `runsMax` together. */
const CLAIM_LOCK = 7_366_091_846;

/**
 * Gives the next waiting run a slot and this process the lease to hand it over; null when none can start now.
 *
 * The bytes to send are stored before anything is sent: whoever repeats the hand-over sends the same.
 * Locks: dispatchers, agent, run, stream.
 */
export async function claimRun(tx: Transaction, limits: ClaimLimits): Promise<Dispatch | null> {
  await tx.em.execute('select pg_advisory_xact_lock(?)', [CLAIM_LOCK]);
  const next = await findNext(tx, limits.runsMax);
  if (!next) return null;
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
  const agent = await tx.em.findOneOrFail(Agent, { id: next.agent_id }, lock);
  const run = await tx.em.findOneOrFail(AgentRun, { id: next.id }, lock);
  const slot = await findFreeSlot(tx, agent);
  if (run.state !== 'QUEUED' || !agent.isEnabled || slot === null) return null;

  const attempt = await openAttempt(tx, agent, run);
  const now = await databaseTime(tx.em);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  run.slot = slot;
  run.leaseUntil = after(limits.leaseSeconds);
  run.deadlineAt = after(run.timeoutSeconds + limits.leaseSeconds);
  await changeRunState(tx, run, 'DISPATCHING');
  await tx.em.execute(
    'update agents.agent_project set last_turn_at = now() where agent_id = ? and project_id = ?',
    [agent.id, run.projectId],
  );
  return dispatchOf(run, attempt, agent);
}

/**
 * Takes over the hand-over of a run whose process ended, or did not learn the outcome, before it was done;
 * null when there is none. What is sent then are the same bytes under the same key.
 */
export async function reclaimRun(tx: Transaction, { leaseSeconds }: ClaimLimits): Promise<Dispatch | null> {
  const [row]: { id: string }[] = await tx.em.execute(
    `update agents.agent_run
     set lease_until = now() + make_interval(secs => ?), is_hand_over_unknown = true
     where id = (
       select id from agents.agent_run where state = 'DISPATCHING' and lease_until < now()
       order by lease_until limit 1 for update skip locked)
     returning id`,
    [leaseSeconds],
  );
  return row ? readDispatch(tx, row.id) : null;
}

/**
 * The next run that may start: urgent ones first; then the project of which the agent has the fewest runs at work,
 * and of these the one whose last turn is longest ago, so that 10,000 runs of one project do not keep another waiting;
 * within a project in the order in which they were asked for.
 */
async function findNext(tx: Transaction, runsMax: number): Promise<{ id: string; agent_id: string } | null> {
  const [row]: { id: string; agent_id: string }[] = await tx.em.execute(
    `with held as (
       select run.agent_id, run.project_id, attempt.target from agents.agent_run as run
       join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt
       where run.slot is not null
     ), ready_agent as (
       select agent.id from agents.agent as agent
       join agents.openclaw_target as target on target.name = agent.target
       where agent.is_enabled and target.is_reachable and coalesce(target.paused_until <= now(), true)
         and (select count(*) from held where held.agent_id = agent.id) < agent.max_concurrent
         and (select count(*) from held where held.target = agent.target) < ?
     )
     select run.id, run.agent_id from agents.agent_run as run
     join ready_agent on ready_agent.id = run.agent_id
     join agents.known_task as task on task.id = run.task_id
     join agents.agent_project as turn on turn.agent_id = run.agent_id and turn.project_id = run.project_id
     where run.state = 'QUEUED' and run.next_hand_over_at <= now()
       and (run.ignores_blockers or task.open_blocker_refs = '[]')
     order by run.priority desc,
       (select count(*) from held where held.agent_id = run.agent_id and held.project_id = run.project_id),
       turn.last_turn_at nulls first, run.queued_at, run.id
     limit 1`,
    [runsMax],
  );
  return row ?? null;
}

/** The lowest slot number that no run of the agent holds; null when it holds as many as it may. */
async function findFreeSlot(tx: Transaction, agent: Agent): Promise<number | null> {
  const held: { slot: number }[] = await tx.em.execute(
    'select slot from agents.agent_run where agent_id = ? and slot is not null',
    [agent.id],
  );
  if (held.length >= agent.maxConcurrent) return null;
  const taken = new Set(held.map(({ slot }) => slot));
  for (let slot = 1; ; slot++) if (!taken.has(slot)) return slot;
}
