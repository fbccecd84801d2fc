import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../entities/agent-run.ts';
import { lockNextRun } from './steps/lock-next-run.ts';
import { OBSTACLE } from './steps/obstacle.ts';
import { stopAtObstacle } from './steps/stop-at-obstacle.ts';

/**
 * Ends the next waiting run that may not go on any more: nobody would claim a run whose task is archived and blocked, and
 * nobody might answer its question. Returns the run; null when there is none.
 */
export async function stopForbiddenRun(tx: Transaction): Promise<AgentRun | null> {
  const run = await lockNextRun(tx, {
    join: `join agents.agent as agent on agent.id = run.agent_id
      join agents.known_task as task on task.id = run.task_id`,
    where: `run.state in ('QUEUED', 'INPUT_REQUIRED') and (${OBSTACLE}) is not null`,
    orderBy: 'run.id',
  });
  if (!run) return null;
  await stopAtObstacle(tx, run);
  return run;
}
