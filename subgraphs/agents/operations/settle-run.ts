import { databaseTime } from '../../../platform/database.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import type { AgentRun, RunFailureCode } from '../entities/agent-run.ts';
import { isFinal } from '../entities/run-states.ts';
import { changeRun } from './change-run.ts';

/** What a run cost, as far as it is known. */
export interface Usage {
  inputTokens: number | null;
  outputTokens: number | null;
  model: string | null;
}

/** How a run ended. */
export type Verdict =
  | { kind: 'succeeded'; answer: string; isTruncated: boolean; usage: Usage | null }
  | { kind: 'failed'; code: RunFailureCode; message: string; usage: Usage | null }
  | { kind: 'timed-out' }
  | { kind: 'canceled' };

/**
 * Ends a run, once: the way to every final state. The caller holds the row's lock.
 *
 * Returns false and changes nothing when the run has ended before: the first verdict stays.
 * A run that somebody asked to stop is CANCELED by any verdict but success, which is kept.
 */
export async function settleRun(tx: Transaction, run: AgentRun, verdict: Verdict): Promise<boolean> {
  if (isFinal(run.state)) return false;
  const now = await databaseTime(tx.em);
  run.endedAt = now;
  const final: Verdict =
    run.state === 'CANCELING' && verdict.kind !== 'succeeded' ? { kind: 'canceled' } : verdict;
  if ('usage' in verdict && verdict.usage) noteUsage(run, verdict.usage);
  switch (final.kind) {
    case 'succeeded':
      run.startedAt ??= now;
      run.answer = final.answer;
      run.isAnswerTruncated = final.isTruncated;
      await changeRun(tx, run, 'SUCCEEDED');
      return true;
    case 'failed':
      note(run, final.code, final.message);
      await changeRun(tx, run, 'FAILED');
      return true;
    case 'timed-out':
      note(run, 'DEADLINE_EXCEEDED', `Nothing was heard of the run within ${run.timeoutSeconds} seconds`);
      await changeRun(tx, run, 'TIMED_OUT');
      return true;
    case 'canceled':
      note(run, 'CANCELED_BY_USER', 'The run was stopped');
      await changeRun(tx, run, 'CANCELED');
      return true;
  }
}

function note(run: AgentRun, code: RunFailureCode, message: string): void {
  run.failureCode = code;
  run.failureMessage = message;
}

function noteUsage(run: AgentRun, { inputTokens, outputTokens, model }: Usage): void {
  run.inputTokens = inputTokens;
  run.outputTokens = outputTokens;
  run.usageModel = model;
}
