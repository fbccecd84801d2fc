import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../platform/input/errors.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { Callback } from '../../entities/callback.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import { hideInEnding } from '../../openclaw/private-text.ts';
import type { RunReport } from '../../openclaw/report.ts';
import { noteActivity } from '../run/steps/note-activity.ts';
import { endAttempt } from './steps/end-attempt.ts';

export interface ReceivedCallback {
  outcome: 'applied' | 'duplicate' | 'late';
  runId: string;
  /** The attempt that the report belongs to. */
  attempt: number;
}

/**
 * Receives a report of OpenClaw on a run. Each message, and each run of OpenClaw, counts once.
 *
 * A repeat is `duplicate`. A report on an attempt that has ended is `late` and becomes an activity of the run. Neither
 * changes the run. A report may arrive before OpenClaw's answer to the hand-over, because the attempt is stored before
 * it is sent. Throws NOT_FOUND for a session that no run has in the target that
 * signed: a target reports its own runs only.
 */
export async function receiveCallback(
  tx: Transaction,
  { target, messageId, report }: { target: string; messageId: string; report: RunReport },
): Promise<ReceivedCallback> {
  const { sessionKey, openClawRunId } = report;
  const newestFirst = { orderBy: { number: 'desc' } } as const;
  const [found] = await tx.em.find(RunAttempt, { sessionKey, target }, { limit: 1, ...newestFirst });
  if (!found) throw notFound('Session', sessionKey);
  const run = await lockExisting(tx, AgentRun, found.runId);
  // Read again under the lock: the session may have another attempt by now.
  const attempt = await tx.em.findOneOrFail(
    RunAttempt,
    { sessionKey, target },
    { refresh: true, ...newestFirst },
  );
  const received = { runId: run.id, attempt: attempt.number };
  if (await isDuplicate(tx, run, messageId, openClawRunId)) return { ...received, outcome: 'duplicate' };

  const ending = hideInEnding(report.ending, attempt.systemPrompt ?? null);
  const outcome = (await endAttempt(tx, run, attempt, ending)) ? 'applied' : 'late';
  if (outcome === 'late') await noteActivity(tx, run, 'LATE_REPORT', summaryOf(ending));
  const callback = { messageId, runId: run.id, openClawRunId, outcome, receivedAt: await tx.now() } as const;
  tx.em.create(Callback, callback);
  return { ...received, outcome };
}

async function isDuplicate(
  { em }: Transaction,
  run: AgentRun,
  messageId: string,
  openClawRunId: string | null,
): Promise<boolean> {
  const sameRun = openClawRunId === null ? [] : [{ runId: run.id, openClawRunId }];
  return (await em.count(Callback, { $or: [{ messageId }, ...sameRun] })) > 0;
}

function summaryOf(ending: RunReport['ending']): string {
  if (ending.kind === 'answered') return ending.answer;
  if (ending.kind === 'asked') return ending.question.body;
  return ending.kind === 'aborted' ? 'It was stopped' : ending.message;
}
