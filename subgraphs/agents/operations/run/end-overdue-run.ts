import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../entities/agent-run.ts';
import { endRun } from './steps/end-run.ts';
import { lockNextRun } from './steps/lock-next-run.ts';
import { scheduleAbort } from './steps/schedule-abort.ts';

/**
 * Ends the next run in OpenClaw whose deadline has passed by the database's clock, and schedules its abort.
 * Returns the run; null when there is none.
 */
export async function endOverdueRun(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockNextRun(tx, {
    where: 'run.slot is not null and run.deadline_at < now()',
    orderBy: 'run.deadline_at',
  });
  if (!run) return null;
  await endRun(tx, run, {
    state: 'TIMED_OUT',
    code: 'DEADLINE_EXCEEDED',
    message: `Nothing was heard of the run within ${run.timeoutSeconds} seconds`,
  });
  await scheduleAbort(tx, run);
  return run;
}
