import { databaseTime } from '../../../../../platform/database/database.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import type { Ending } from '../../../entities/ending.ts';
import type { RunAttempt } from '../../../entities/run-attempt.ts';
import { RunQuestion } from '../../../entities/run-question.ts';
import { isFinal } from '../../../entities/run-states.ts';
import { changeRunState } from '../../run/steps/change-run-state.ts';
import { CANCELED, endRun } from '../../run/steps/end-run.ts';
import { noteActivity } from '../../run/steps/note-activity.ts';
import { requeueRun } from '../../run/steps/requeue-run.ts';

/** A run whose attempts failed for a reason that may pass gets so many in a row. */
const ATTEMPTS_MAX = 3;
const RETRY_SECONDS = [5, 30] as const;
/** How long an error of a restarted OpenClaw is doubted: it goes on with interrupted sessions when it is up again. */
const DOUBT_SECONDS = 60;
const QUESTION_SECONDS = 86_400;

type Failed = Extract<Ending, { kind: 'failed' }>;

/**
 * Takes in how an attempt ended, and does what follows for its run: an end, a question, or another attempt.
 * The caller holds the run's lock.
 *
 * Returns false and changes nothing when this comes too late: the run or the attempt has ended before.
 */
export async function endAttempt(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  ending: Ending,
): Promise<boolean> {
  if (isFinal(run.state) || attempt.number !== run.attempt || attempt.endedAt) return false;
  const now = await databaseTime(tx.em);
  run.heardAt = now;
  if ('usage' in ending && ending.usage) attempt.usage = ending.usage;
  switch (ending.kind) {
    case 'answered':
      return endRun(tx, run, { ...ending, state: 'SUCCEEDED' });
    case 'timed-out':
      return endRun(tx, run, { ...ending, state: 'TIMED_OUT', code: 'DEADLINE_EXCEEDED' });
    case 'aborted':
      return endRun(tx, run, { ...CANCELED, message: 'It was stopped in OpenClaw' });
    case 'asked':
      return run.state === 'CANCELING' ? endRun(tx, run, CANCELED) : ask(tx, run, attempt, ending, now);
    case 'failed':
      return run.state === 'CANCELING' ? endRun(tx, run, CANCELED) : fail(tx, run, attempt, ending, now);
  }
}

async function ask(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  { question }: Extract<Ending, { kind: 'asked' }>,
  now: Date,
): Promise<true> {
  attempt.endedAt = now;
  run.transientFailures = 0;
  tx.em.create(RunQuestion, {
    runId: run.id,
    attempt: attempt.number,
    ...question,
    askedAt: now,
    expiresAt: secondsAfter(now, QUESTION_SECONDS),
  });
  await noteActivity(tx, run, 'QUESTION', question.body);
  await changeRunState(tx, run, 'INPUT_REQUIRED', question.body);
  return true;
}

async function fail(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  { code, message, isTransient, isDoubtful }: Failed,
  now: Date,
): Promise<boolean> {
  if (isDoubtful && !attempt.doubtUntil) {
    attempt.doubtUntil = secondsAfter(now, DOUBT_SECONDS);
    attempt.doubtedMessage = message;
    return true;
  }
  const retrySeconds = RETRY_SECONDS[run.transientFailures];
  if (!isTransient || retrySeconds === undefined) return endRun(tx, run, { state: 'FAILED', code, message });
  attempt.endedAt = now;
  attempt.doubtUntil = null;
  attempt.failureCode = code;
  attempt.failureMessage = message;
  run.transientFailures += 1;
  await noteActivity(
    tx,
    run,
    'ERROR',
    `${message} (failure ${run.transientFailures} of ${ATTEMPTS_MAX}, tried again)`,
  );
  await requeueRun(tx, run, now, retrySeconds);
  return true;
}

const secondsAfter = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000);
