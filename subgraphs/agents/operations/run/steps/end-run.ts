import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { RunState } from '../../../../../schema/events/agents.ts';
import type { AgentRun, RunFailureCode } from '../../../entities/agent-run.ts';
import { RunAttempt } from '../../../entities/run-attempt.ts';
import { isFinal } from '../../../entities/run-states.ts';
import { changeRunState } from './change-run-state.ts';
import { noteActivity } from './note-activity.ts';

/** How a run ended. */
export type Verdict =
  | { state: 'SUCCEEDED'; answer: string; isTruncated: boolean; possibleQuestion: string | null }
  | { state: Exclude<RunState, 'SUCCEEDED'>; code: RunFailureCode; message: string };

/** The verdict on a run that somebody stopped. */
export const CANCELED = {
  state: 'CANCELED',
  code: 'CANCELED_BY_USER',
  message: 'The run was stopped',
} as const satisfies Verdict;

/**
 * Ends a run once; every final state is reached through this function. The caller holds the run's lock.
 *
 * Returns false and changes nothing when the run has ended before: the first verdict stays.
 * A run that somebody asked to stop becomes CANCELED by every verdict but success, which is kept.
 */
export async function endRun(tx: Transaction, run: AgentRun, verdict: Verdict): Promise<boolean> {
  if (isFinal(run.state)) return false;
  const now = await tx.now();
  const isCanceled = run.state === 'CANCELING' && verdict.state !== 'SUCCEEDED';
  const final: Verdict = isCanceled ? CANCELED : verdict;
  run.endedAt = now;
  run.isHandOverUnknown = false;
  if (final.state === 'SUCCEEDED') {
    run.startedAt ??= now;
    run.answer = final.answer;
    run.isAnswerTruncated = final.isTruncated;
    run.possibleQuestion = final.possibleQuestion;
    await noteActivity(tx, run, 'RESPONSE', final.answer);
  } else {
    run.failureCode = final.code;
    run.failureMessage = final.message;
    await noteActivity(tx, run, final.state === 'CANCELED' ? 'CANCEL' : 'ERROR', final.message);
  }
  await endNewestAttempt(tx, run, now);
  await changeRunState(tx, run, final.state);
  return true;
}

async function endNewestAttempt(tx: Transaction, run: AgentRun, now: Date): Promise<void> {
  const attempt = await tx.em.findOne(RunAttempt, { runId: run.id, number: run.attempt });
  if (!attempt || attempt.endedAt) return;
  attempt.endedAt = now;
  attempt.doubtUntil = null;
  attempt.failureCode = run.failureCode ?? null;
  attempt.failureMessage = run.failureMessage ?? null;
}
