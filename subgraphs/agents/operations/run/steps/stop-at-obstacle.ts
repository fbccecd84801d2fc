import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Agent } from '../../../entities/agent.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { KnownTask } from '../../../entities/known-task.ts';
import { endRun } from './end-run.ts';
import { explainObstacle, readObstacle } from './obstacle.ts';

/**
 * Ends a run as CANCELED if a rule of its start does not hold any more, and returns the reason; null if all rules hold.
 * A run is handed to OpenClaw only after this. The caller holds the run's lock.
 */
export async function stopAtObstacle(tx: Transaction, run: AgentRun): Promise<string | null> {
  const obstacle = await readObstacle(tx.em, run);
  if (!obstacle) return null;
  const agent = await tx.em.findOneOrFail(Agent, { id: run.agentId });
  const task = await tx.em.findOneOrFail(KnownTask, { id: run.taskId });
  const message = explainObstacle(obstacle, { agent, task });
  await endRun(tx, run, { state: 'CANCELED', code: 'NO_LONGER_ALLOWED', message });
  return message;
}
