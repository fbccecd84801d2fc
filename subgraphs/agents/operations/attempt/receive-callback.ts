import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../platform/input/errors.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import type { RunReport } from '../../openclaw/report.ts';
import { noteActivity } from '../run/steps/note-activity.ts';
import { endAttempt } from './steps/end-attempt.ts';

export type CallbackOutcome = 'applied' | 'duplicate' | 'late';

/**
 * Takes in what OpenClaw reports of a run, once for each message and each run of OpenClaw.
 *
 * A repeat is `duplicate`, a report on an attempt that has ended is `late`: it is noted among the run's activities;
 * neither changes the run. The report may be faster than OpenClaw's answer to the hand-over: the attempt is there
 * since before it was sent. Throws NOT_FOUND for a session that no run has.
 */
export async function receiveCallback(
  tx: Transaction,
  messageId: string,
  { sessionKey, openClawRunId, ending }: RunReport,
): Promise<CallbackOutcome> {
  const [found] = await tx.em.find(RunAttempt, { sessionKey }, { limit: 1, orderBy: { number: 'desc' } });
  if (!found) throw notFound('Session', sessionKey);
  const run = await tx.em.findOneOrFail(
    AgentRun,
    { id: found.runId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (await isKnown(tx, run.id, messageId, openClawRunId)) return 'duplicate';
  // Only now, under the lock: another attempt may have begun meanwhile.
  const attempt = await tx.em.findOneOrFail(
    RunAttempt,
    { sessionKey },
    { orderBy: { number: 'desc' }, refresh: true },
  );
  const outcome = (await endAttempt(tx, run, attempt, ending)) ? 'applied' : 'late';
  if (outcome === 'late') await noteActivity(tx, run, 'LATE_REPORT', summaryOf(ending));
  await tx.em.execute(
    'insert into agents.callback (message_id, run_id, openclaw_run_id, outcome) values (?, ?, ?, ?)',
    [messageId, run.id, openClawRunId, outcome],
  );
  return outcome;
}

async function isKnown(
  { em }: Transaction,
  runId: string,
  messageId: string,
  openClawRunId: string | null,
): Promise<boolean> {
  const known: unknown[] = await em.execute(
    'select 1 from agents.callback where message_id = ? or (run_id = ? and openclaw_run_id = ?) limit 1',
    [messageId, runId, openClawRunId],
  );
  return known.length > 0;
}

function summaryOf(ending: RunReport['ending']): string {
  if (ending.kind === 'answered') return ending.answer;
  if (ending.kind === 'asked') return ending.question.body;
  return ending.kind === 'aborted' ? 'It was stopped' : ending.message;
}
