import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import { endAttempt } from '../attempt/steps/end-attempt.ts';
import { requestAbort } from './request-abort.ts';
import { endRun } from './steps/end-run.ts';

/*
 * What ends by the database's clock. Each does it for one run and returns that; null when there is none.
 * Two processes that do this at once end different runs.
 */

/** Ends a run at work whose deadline has passed. OpenClaw is to be told to stop it. */
export async function endOverdueRun(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockFirst(
    tx,
    `select id from agents.agent_run where slot is not null and deadline_at < now()
     order by deadline_at limit 1 for update skip locked`,
  );
  if (!run) return null;
  await endRun(tx, run, {
    state: 'TIMED_OUT',
    code: 'DEADLINE_EXCEEDED',
    message: `Nothing was heard of the run within ${run.timeoutSeconds} seconds`,
  });
  await requestAbort(tx, run);
  return run;
}

/** Ends a run that has waited for a slot too long. */
export async function endOverdueWait(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockFirst(
    tx,
    `select id from agents.agent_run where state = 'QUEUED' and queue_expires_at < now()
     order by queue_expires_at limit 1 for update skip locked`,
  );
  if (!run) return null;
  const message = 'No slot was free for the run in time';
  await endRun(tx, run, { state: 'EXPIRED', code: 'QUEUE_EXPIRED', message });
  return run;
}

/** Ends a run whose question nobody answered. */
export async function endUnansweredQuestion(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockFirst(
    tx,
    `select run.id from agents.agent_run as run
     join agents.run_question as question on question.run_id = run.id
     where run.state = 'INPUT_REQUIRED' and question.answered_at is null and question.expires_at < now()
     limit 1 for update of run skip locked`,
  );
  if (!run) return null;
  const message = "Nobody answered the agent's question in time";
  await endRun(tx, run, { state: 'TIMED_OUT', code: 'QUESTION_EXPIRED', message });
  return run;
}

/** Believes the error of an attempt that was reported after a restart, as no success has followed it. */
export async function believeFailure(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockFirst(
    tx,
    `select run.id from agents.agent_run as run
     join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt
     where attempt.doubt_until < now() limit 1 for update of run skip locked`,
  );
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

async function lockFirst(tx: Transaction, sql: string): Promise<AgentRun | null> {
  const [row]: { id: string }[] = await tx.em.execute(sql);
  return row ? tx.em.findOneOrFail(AgentRun, { id: row.id }, { lockMode: LockMode.PESSIMISTIC_WRITE }) : null;
}
