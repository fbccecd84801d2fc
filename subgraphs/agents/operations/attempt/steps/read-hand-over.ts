import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Agent } from '../../../entities/agent.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { RunAttempt } from '../../../entities/run-attempt.ts';
import type { HandOver } from '../../../openclaw/hand-over.ts';

/** Reads the hand-over of a run's newest attempt. */
export async function readHandOver({ em }: Transaction, run: AgentRun): Promise<HandOver> {
  const attempt = await em.findOneOrFail(RunAttempt, { runId: run.id, number: run.attempt });
  const agent = await em.findOneOrFail(Agent, { id: run.agentId });
  return handOverOf(run, attempt, agent);
}

/** The hand-over of an attempt: all that is needed to talk to OpenClaw about it outside of a transaction. */
export const handOverOf = (
  run: Pick<AgentRun, 'id'>,
  { number, target, sessionKey, requestBody }: RunAttempt,
  agent: Pick<Agent, 'slug'>,
): HandOver => ({
  runId: run.id,
  attempt: number,
  target,
  agentSlug: agent.slug,
  sessionKey,
  body: requestBody,
  idempotencyKey: `${run.id}:${number}`,
});
