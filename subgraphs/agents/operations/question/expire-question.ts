import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../entities/agent-run.ts';
import { endRun } from '../run/steps/end-run.ts';
import { lockNextRun } from '../run/steps/lock-next-run.ts';

/**
 * Ends the next run whose question nobody answered in time by the database's clock.
 * Returns the run; null when there is none.
 */
export async function expireQuestion(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockNextRun(tx, {
    join: 'join agents.run_question as question on question.run_id = run.id',
    where: `run.state = 'INPUT_REQUIRED' and question.answered_at is null and question.expires_at < now()`,
    orderBy: 'question.expires_at',
  });
  if (!run) return null;
  const message = "Nobody answered the agent's question in time";
  await endRun(tx, run, { state: 'TIMED_OUT', code: 'QUESTION_EXPIRED', message });
  return run;
}
