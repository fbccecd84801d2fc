import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../entities/agent-run.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import { lockNextRun } from '../run/steps/lock-next-run.ts';
import { endAttempt } from './steps/end-attempt.ts';

/**
 * Ends the next attempt whose failure was doubted after a restart of OpenClaw, and that no success has followed in
 * time by the database's clock. Returns the run; null when there is none.
 */
export async function confirmFailure(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockNextRun(tx, {
    join: 'join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt',
    where: 'attempt.doubt_until < now()',
    orderBy: 'attempt.doubt_until',
  });
  if (!run) return null;
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId: run.id, number: run.attempt });
  await endAttempt(tx, run, attempt, {
    kind: 'failed',
    code: 'OPENCLAW_LOST',
    message: attempt.doubtedMessage ?? 'OpenClaw was restarted',
    usage: null,
    isTransient: true,
    isDoubtful: false,
  });
  attempt.doubtUntil = null;
  return run;
}
