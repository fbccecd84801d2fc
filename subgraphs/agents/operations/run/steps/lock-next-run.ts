import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../../entities/agent-run.ts';

/** Which run to lock, as parts of an SQL query in which the run is called `run`. */
export interface NextRun {
  join?: string;
  where: string;
  orderBy: string;
  parameters?: readonly unknown[];
}

/**
 * Locks the first run of a query that no other transaction has locked, and returns it; null when there is none.
 * Transactions that do this at the same time get different runs.
 *
 * Source: SKIP LOCKED, https://www.postgresql.org/docs/current/sql-select.html
 */
export async function lockNextRun(
  { em, locks }: Transaction,
  { join = '', where, orderBy, parameters = [] }: NextRun,
): Promise<AgentRun | null> {
  locks.take('AgentRun');
  const [row]: { id: string }[] = await em.execute(
    `select run.id from agents.agent_run as run ${join} where ${where}
     order by ${orderBy} limit 1 for update of run skip locked`,
    [...parameters],
  );
  return row ? em.findOneOrFail(AgentRun, { id: row.id }) : null;
}
