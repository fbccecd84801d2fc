import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Agent } from '../../../entities/agent.ts';
import { AgentRun } from '../../../entities/agent-run.ts';
import { RunAttempt } from '../../../entities/run-attempt.ts';

/** All that is needed to speak with OpenClaw about an attempt, outside of any transaction. */
export interface Dispatch {
  runId: string;
  attempt: number;
  /** The name of the OpenClaw. */
  target: string;
  agentSlug: string;
  sessionKey: string;
  /** The exact bytes to send. */
  body: string;
  /** By this key OpenClaw knows a repeat of the same hand-over. */
  idempotencyKey: string;
}

/** Reads how to speak with OpenClaw about a run's newest attempt. */
export async function readDispatch({ em }: Transaction, runId: string): Promise<Dispatch> {
  const run = await em.findOneOrFail(AgentRun, { id: runId });
  const attempt = await em.findOneOrFail(RunAttempt, { runId, number: run.attempt });
  const agent = await em.findOneOrFail(Agent, { id: run.agentId });
  return dispatchOf(run, attempt, agent);
}

export const dispatchOf = (
  run: Pick<AgentRun, 'id'>,
  { number, target, sessionKey, requestBody }: RunAttempt,
  agent: Pick<Agent, 'slug'>,
): Dispatch => ({
  runId: run.id,
  attempt: number,
  target,
  agentSlug: agent.slug,
  sessionKey,
  body: requestBody,
  idempotencyKey: `${run.id}:${number}`,
});
