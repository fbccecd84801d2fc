import { LockMode } from '@mikro-orm/core';
import { databaseTime } from '../../../platform/database.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import { Agent } from '../entities/agent.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { KnownTask } from '../entities/known-task.ts';
import { renderRequest, sessionKeyOf } from '../openclaw/request.ts';
import { changeRun } from './change-run.ts';

/** Bounds on handing runs over, all in seconds but the first. */
export interface ClaimLimits {
  /** Runs in OpenClaw at a time, over all agents. */
  runsMax: number;
  leaseSeconds: number;
}

/** One dispatcher at a time counts and claims, or two could pass `runsMax` together. */
const CLAIM_LOCK = 7_366_091_846;

/**
 * Gives the next waiting run a slot and this process the lease to hand it over; null when none can start now.
 *
 * Oldest first among the agents that are switched on and have a free slot. The bytes to send are stored before
 * anything is sent: whoever repeats the hand-over sends the same. Locks: dispatchers, agent, run, stream.
 */
export async function claimRun(tx: Transaction, limits: ClaimLimits): Promise<AgentRun | null> {
  await tx.em.execute('select pg_advisory_xact_lock(?)', [CLAIM_LOCK]);
  const next = await findNext(tx, limits.runsMax);
  if (!next) return null;
  const agent = await tx.em.findOneOrFail(
    Agent,
    { id: next.agent_id },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const run = await tx.em.findOneOrFail(AgentRun, { id: next.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const slot = await findFreeSlot(tx, agent);
  if (run.state !== 'QUEUED' || !agent.isEnabled || slot === null) return null;

  const now = await databaseTime(tx.em);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  if (run.requestBody === null) {
    const task = await tx.em.findOneOrFail(KnownTask, { id: run.taskId });
    run.attempt += 1;
    run.sessionKey = sessionKeyOf(run);
    run.requestBody = renderRequest(agent, task, run);
  }
  run.slot = slot;
  run.leaseUntil = after(limits.leaseSeconds);
  run.deadlineAt = after(run.timeoutSeconds + limits.leaseSeconds);
  await changeRun(tx, run, 'DISPATCHING');
  return run;
}

/**
 * Takes over the hand-over of a run whose process ended, or did not learn the outcome, before it was done;
 * null when there is none. What is sent then are the same bytes under the same key.
 */
export async function reclaimRun(tx: Transaction, { leaseSeconds }: ClaimLimits): Promise<AgentRun | null> {
  const [row]: { id: string }[] = await tx.em.execute(
    `update agents.agent_run set lease_until = now() + make_interval(secs => ?)
     where id = (
       select id from agents.agent_run where state = 'DISPATCHING' and lease_until < now()
       order by lease_until limit 1 for update skip locked)
     returning id`,
    [leaseSeconds],
  );
  return row ? tx.em.findOneOrFail(AgentRun, { id: row.id }) : null;
}

async function findNext(tx: Transaction, runsMax: number): Promise<{ id: string; agent_id: string } | null> {
  const [row]: { id: string; agent_id: string }[] = await tx.em.execute(
    `select run.id, run.agent_id from agents.agent_run as run
     join agents.agent as agent on agent.id = run.agent_id
     where run.state = 'QUEUED' and run.next_hand_over_at <= now() and agent.is_enabled
       and (select count(*) from agents.agent_run as held
            where held.agent_id = agent.id and held.slot is not null) < agent.max_concurrent
       and (select count(*) from agents.agent_run where slot is not null) < ?
     order by run.queued_at, run.id limit 1`,
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
