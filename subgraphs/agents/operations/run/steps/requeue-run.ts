import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { changeRunState } from './change-run-state.ts';

/** How long a run may wait for a slot before it is EXPIRED. */
export const QUEUE_SECONDS_MAX = 7_200;

/**
 * Lets a run wait for a slot again, for a new attempt. It keeps its place by the time at which it was asked for.
 * `waitSeconds` must pass before it is handed over; give or take a fifth, so that runs that failed together
 * do not come back together.
 */
export async function requeueRun(
  tx: Transaction,
  run: AgentRun,
  now: Date,
  waitSeconds: number,
): Promise<void> {
  const jittered = waitSeconds * (0.8 + Math.random() * 0.4);
  run.nextHandOverAt = new Date(now.getTime() + jittered * 1000);
  run.queueExpiresAt = new Date(now.getTime() + QUEUE_SECONDS_MAX * 1000);
  run.handOverFailures = 0;
  run.isHandOverUnknown = false;
  run.heardAt = null;
  await changeRunState(tx, run, 'QUEUED');
}
