import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../platform/database/sql.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import { WAITING_RUNS, type WaitReason } from '../operations/run/steps/waiting-runs.ts';

/** Why a run waits. */
export interface RunQueue {
  /** The place of the run among the waiting runs of its agent, from 1. */
  position: number;
  reason: WaitReason;
  since: Date;
  expiresAt: Date;
}

/** Reads why runs wait and how many runs are before each of them, in the order of the runs. */
export async function readQueues(
  em: EntityManager,
  runs: readonly AgentRun[],
  runsMax: number,
): Promise<RunQueue[]> {
  const rows: { id: string; reason: WaitReason; position: number }[] = await em.execute(
    `${WAITING_RUNS}
     select waiting.id, waiting.reason,
       (select count(*)::int from agents.agent_run as run
        where run.agent_id = waiting.agent_id and run.state = 'QUEUED' and (-run.priority, run.queued_at, run.id)
          <= (-waiting.priority, waiting.queued_at, waiting.id)) as position
     from waiting where waiting.id = any(?)`,
    [runsMax, asArray(runs.map(({ id }) => id))],
  );
  const byRun = new Map(rows.map((row) => [row.id, row]));
  return runs.map((run) => {
    // A run that was claimed after its row was read does not wait any more.
    const { position, reason } = byRun.get(run.id) ?? { position: 1, reason: 'READY' };
    return { position, reason, since: run.queuedAt, expiresAt: run.queueExpiresAt };
  });
}
