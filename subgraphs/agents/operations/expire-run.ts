import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../platform/transaction.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { settleRun } from './settle-run.ts';

/**
 * Ends one run whose deadline has passed by the database's clock, and returns it; null when there is none.
 * Two processes that do this at once end different runs.
 */
export async function expireRun(tx: Transaction): Promise<AgentRun | null> {
  const [row]: { id: string }[] = await tx.em.execute(
    `select id from agents.agent_run where slot is not null and deadline_at < now()
     order by deadline_at limit 1 for update skip locked`,
  );
  if (!row) return null;
  const run = await tx.em.findOneOrFail(AgentRun, { id: row.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  await settleRun(tx, run, { kind: 'timed-out' });
  return run;
}
