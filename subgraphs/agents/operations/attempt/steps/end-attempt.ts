import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { cutText } from '../../../../../platform/input/text.ts';
import { backoffMs } from '../../../../../platform/process/backoff.ts';
import { EVENT_ANSWER_CHARACTERS_MAX } from '../../../../../schema/events/agents.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import type { Ending } from '../../../entities/ending.ts';
import type { RunAttempt } from '../../../entities/run-attempt.ts';
import { RunQuestion } from '../../../entities/run-question.ts';
import { isFinal } from '../../../entities/run-states.ts';
import { changeRunState } from '../../run/steps/change-run-state.ts';
import { CANCELED, endRun } from '../../run/steps/end-run.ts';
import { noteActivity } from '../../run/steps/note-activity.ts';
import { requeueRun } from '../../run/steps/requeue-run.ts';

/** The run has FAILED after so many attempts in a row that failed for a transient reason. */
const ATTEMPTS_MAX = 3;
/** How long a run waits before its next attempt. */
const RETRY = { firstMs: 5_000, lastMs: 30_000, factor: 6, jitter: 0.2 };
/** How long an error of a restarted OpenClaw is doubted: OpenClaw continues interrupted sessions after its start. */
const DOUBT_SECONDS = 60;
const QUESTION_SECONDS_MAX = 86_400;

/**
 * Ends an attempt, and does what follows for its run: an end, a question, or another attempt. The caller holds the
 * run's lock.
 *
 * Returns false when the run or the attempt has ended before; then only the agent's message is kept, if there was none.
 */
export async function endAttempt(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  ending: Ending,
): Promise<boolean> {
  if (ending.said && attempt.message == null) {
    attempt.message = ending.said.text;
    attempt.isMessageTruncated = ending.said.isTruncated;
  }
  if (isFinal(run.state) || attempt.number !== run.attempt || attempt.endedAt) return false;
  run.heardAt = await tx.now();
  if ('usage' in ending && ending.usage) attempt.usage = ending.usage;
  switch (ending.kind) {
    case 'answered':
      return endRun(tx, run, { ...ending, state: 'SUCCEEDED' });
    case 'timed-out':
      return endRun(tx, run, { ...ending, state: 'TIMED_OUT', code: 'DEADLINE_EXCEEDED' });
    case 'aborted':
      return endRun(tx, run, { ...CANCELED, message: 'It was stopped in OpenClaw' });
    case 'asked':
      return run.state === 'CANCELING' ? endRun(tx, run, CANCELED) : askPerson(tx, run, attempt, ending);
    case 'failed':
      return run.state === 'CANCELING' ? endRun(tx, run, CANCELED) : failAttempt(tx, run, attempt, ending);
  }
}

async function askPerson(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  { question }: Extract<Ending, { kind: 'asked' }>,
): Promise<true> {
  const now = await tx.now();
  attempt.endedAt = now;
  run.transientFailures = 0;
  tx.em.create(RunQuestion, {
    runId: run.id,
    attempt: attempt.number,
    ...question,
    askedAt: now,
    expiresAt: secondsAfter(now, QUESTION_SECONDS_MAX),
  });
  await noteActivity(tx, run, 'QUESTION', question.body);
  await changeRunState(tx, run, 'INPUT_REQUIRED', commentOf(attempt.message ?? '', question.body));
  return true;
}

/** What the task's comment says of a question: all that the agent said, or its beginning and the question. */
function commentOf(message: string, question: string): string {
  if (message.length <= EVENT_ANSWER_CHARACTERS_MAX) return message || question;
  const kept = EVENT_ANSWER_CHARACTERS_MAX - question.length - CUT_HERE.length;
  return cutText(message, kept) + CUT_HERE + question;
}

const CUT_HERE = '\n\n_The whole message is at the run. Its question:_\n\n';

async function failAttempt(
  tx: Transaction,
  run: AgentRun,
  attempt: RunAttempt,
  { code, message, isTransient, isDoubtful }: Extract<Ending, { kind: 'failed' }>,
): Promise<boolean> {
  const now = await tx.now();
  if (isDoubtful && !attempt.doubtUntil) {
    attempt.doubtUntil = secondsAfter(now, DOUBT_SECONDS);
    attempt.doubtedMessage = message;
    return true;
  }
  const failures = run.transientFailures + 1;
  if (!isTransient || failures === ATTEMPTS_MAX) return endRun(tx, run, { state: 'FAILED', code, message });
  attempt.endedAt = now;
  attempt.doubtUntil = null;
  attempt.failureCode = code;
  attempt.failureMessage = message;
  run.transientFailures = failures;
  const text = `${message} (failure ${failures} of ${ATTEMPTS_MAX}, tried again)`;
  await noteActivity(tx, run, 'ERROR', text);
  await requeueRun(tx, run, backoffMs(failures, RETRY));
  return true;
}

const secondsAfter = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000);
