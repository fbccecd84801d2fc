import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { setTargetReachable } from './steps/set-target-reachable.ts';

/** Notes that a target takes no runs, and why. */
export const noteTargetDown = (tx: Transaction, name: string, problem: string): Promise<void> =>
  setTargetReachable(tx, name, { problem });
