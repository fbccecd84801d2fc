import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../platform/transaction.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { settleRun, type Verdict } from './settle-run.ts';

/**
 * Takes the next run of which nothing has been heard for `everySeconds` since OpenClaw took it, or since it was last
 * asked about; null when there is none. Two processes that do this at once take different runs.
 */
export async function takeRunToCheck(tx: Transaction, everySeconds: number): Promise<AgentRun | null> {
  const [row]: { id: string }[] = await tx.em.execute(
    `update agents.agent_run set checked_at = now()
     where id = (
       select id from agents.agent_run
       where state in ('RUNNING', 'CANCELING')
         and coalesce(checked_at, started_at) < now() - make_interval(secs => ?)
       order by coalesce(checked_at, started_at) limit 1 for update skip locked)
     returning id`,
    [everySeconds],
  );
  return row ? tx.em.findOneOrFail(AgentRun, { id: row.id }) : null;
}

/** Ends a run by what was found in OpenClaw, unless it has ended meanwhile. Returns whether it did. */
export async function settleFound(tx: Transaction, runId: string, verdict: Verdict): Promise<boolean> {
  const run = await tx.em.findOneOrFail(AgentRun, { id: runId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  return settleRun(tx, run, verdict);
}
