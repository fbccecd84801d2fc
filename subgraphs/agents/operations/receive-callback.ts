import { LockMode } from '@mikro-orm/core';
import { notFound } from '../../../platform/errors.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import { AgentRun } from '../entities/agent-run.ts';
import type { RunReport } from '../openclaw/report.ts';
import { settleRun } from './settle-run.ts';

export type CallbackOutcome = 'applied' | 'duplicate' | 'late';

/**
 * Takes in what OpenClaw reports of a run, once for each message.
 *
 * A repeat of a message is `duplicate`, a report on a run that has ended is `late`; neither changes the run.
 * The report may be faster than OpenClaw's answer to the hand-over: the run is there since before it was sent.
 * Throws NOT_FOUND for a session that no run has.
 */
export async function receiveCallback(
  tx: Transaction,
  messageId: string,
  { sessionKey, verdict }: RunReport,
): Promise<CallbackOutcome> {
  const run = await tx.em.findOne(AgentRun, { sessionKey }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!run) throw notFound('Session', sessionKey);
  const [known] = await tx.em.execute('select 1 from agents.callback where message_id = ?', [messageId]);
  if (known) return 'duplicate';
  const outcome = (await settleRun(tx, run, verdict)) ? 'applied' : 'late';
  await tx.em.execute('insert into agents.callback (message_id, run_id, outcome) values (?, ?, ?)', [
    messageId,
    run.id,
    outcome,
  ]);
  return outcome;
}
