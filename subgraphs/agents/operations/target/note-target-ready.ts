import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { checkAfterRestart } from '../run/steps/check-after-restart.ts';
import { setTargetReachable } from './steps/set-target-reachable.ts';

/**
 * Notes that a target takes runs. `restartedMs` is its uptime if it was restarted since the last check, otherwise null:
 * after a restart the reconciler asks at once about the runs that it had.
 */
export async function noteTargetReady(
  tx: Transaction,
  name: string,
  restartedMs: number | null,
): Promise<void> {
  if (restartedMs !== null) await checkAfterRestart(tx, name, restartedMs);
  await setTargetReachable(tx, name, { problem: null });
}
