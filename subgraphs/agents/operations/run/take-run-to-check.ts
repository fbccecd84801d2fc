import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { readHandOver } from '../attempt/steps/read-hand-over.ts';
import { lockNextRun } from './steps/lock-next-run.ts';

/** A run about which OpenClaw is to be asked. */
export interface RunToCheck extends HandOver {
  /** How long ago OpenClaw showed that it knows the run; null when it never did, or was restarted since. */
  unheardMs: number | null;
  /** How long ago the attempt was opened, which is a moment before its hand-over. */
  attemptAgeMs: number;
}

const LAST_LOOK = `coalesce(greatest(run.checked_at, run.heard_at), '-infinity')`;

/**
 * Takes the next run that was neither heard of nor asked about for `everySeconds`; null when there is none. Processes
 * that do this at the same time take different runs.
 */
export async function takeRunToCheck(tx: Transaction, everySeconds: number): Promise<RunToCheck | null> {
  const run = await lockNextRun(tx, {
    where: `run.state in ('RUNNING', 'CANCELING') and ${LAST_LOOK} < now() - make_interval(secs => ?)`,
    orderBy: LAST_LOOK,
    parameters: [everySeconds],
  });
  if (!run) return null;
  const now = await tx.now();
  run.checkedAt = now;
  const handOver = await readHandOver(tx, run);
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId: run.id, number: run.attempt });
  return {
    ...handOver,
    unheardMs: run.heardAt ? now.getTime() - run.heardAt.getTime() : null,
    attemptAgeMs: now.getTime() - attempt.startedAt.getTime(),
  };
}
