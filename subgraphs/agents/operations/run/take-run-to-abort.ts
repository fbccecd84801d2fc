import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { readHandOver } from '../attempt/steps/read-hand-over.ts';
import { lockNextRun } from './steps/lock-next-run.ts';

/** An abort is sent again after this time, until the run has ended. */
const ABORT_AGAIN_SECONDS = 10;

/** Takes the next run whose abort is to be sent; null when there is none. */
export async function takeRunToAbort(tx: Transaction): Promise<HandOver | null> {
  const run = await lockNextRun(tx, { where: 'run.abort_at <= now()', orderBy: 'run.abort_at' });
  if (!run) return null;
  run.abortsSent += 1;
  run.abortAt = new Date((await tx.now()).getTime() + ABORT_AGAIN_SECONDS * 1000);
  return readHandOver(tx, run);
}
