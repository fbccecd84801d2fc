import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../entities/agent-run.ts';
import { endRun } from './steps/end-run.ts';
import { lockNextRun } from './steps/lock-next-run.ts';

/**
 * Ends the next run that has waited for a slot too long by the database's clock.
 * Returns the run; null when there is none.
 */
export async function expireQueuedRun(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockNextRun(tx, {
    where: `run.state = 'QUEUED' and run.queue_expires_at < now()`,
    orderBy: 'run.queue_expires_at',
  });
  if (!run) return null;
  const message = 'No slot was free for the run in time';
  await endRun(tx, run, { state: 'EXPIRED', code: 'QUEUE_EXPIRED', message });
  return run;
}
