import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { readHandOver } from '../attempt/steps/read-hand-over.ts';
import type { ClaimLimits } from './claim-run.ts';
import { lockNextRun } from './steps/lock-next-run.ts';

/**
 * Takes over the hand-over of a run whose lease has ended: its process crashed, or did not learn the outcome; null when
 * there is none. The hand-over has the same bytes and the same key.
 */
export async function reclaimRun(
  tx: Transaction,
  { leaseSeconds }: Pick<ClaimLimits, 'leaseSeconds'>,
): Promise<HandOver | null> {
  const run = await lockNextRun(tx, {
    where: `run.state = 'DISPATCHING' and run.lease_until < now()`,
    orderBy: 'run.lease_until',
  });
  if (!run) return null;
  run.leaseUntil = new Date((await tx.now()).getTime() + leaseSeconds * 1000);
  run.isHandOverUnknown = true;
  return readHandOver(tx, run);
}
