import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { changeRunState } from './change-run-state.ts';

/** How long a run may wait for a slot before it is EXPIRED. */
export const QUEUE_SECONDS_MAX = 7_200;

/**
 * Puts a run back into the queue for a new attempt. It keeps its place, which depends on when it was first queued, and
 * is not claimed before `waitMs` have passed. The caller holds the run's lock.
 */
export async function requeueRun(tx: Transaction, run: AgentRun, waitMs: number): Promise<void> {
  const now = (await tx.now()).getTime();
  run.nextHandOverAt = new Date(now + waitMs);
  run.queueExpiresAt = new Date(now + QUEUE_SECONDS_MAX * 1000);
  run.handOverFailures = 0;
  run.isHandOverUnknown = false;
  run.heardAt = null;
  await changeRunState(tx, run, 'QUEUED');
}
