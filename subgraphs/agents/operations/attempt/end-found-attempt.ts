import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import type { Ending } from '../../entities/ending.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { hideInEnding } from '../../openclaw/private-text.ts';
import { endAttempt } from './steps/end-attempt.ts';

/**
 * Ends an attempt by what the reconciler found in OpenClaw.
 * Returns false and changes nothing when it has ended meanwhile.
 */
export async function endFoundAttempt(
  tx: Transaction,
  { runId, attempt: number }: Pick<HandOver, 'runId' | 'attempt'>,
  ending: Ending,
): Promise<boolean> {
  const run = await lockExisting(tx, AgentRun, runId);
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId, number });
  return endAttempt(tx, run, attempt, hideInEnding(ending, attempt.systemPrompt ?? null));
}
