import type { EntityManager } from '@mikro-orm/postgresql';
import { DomainError } from '../../../../../platform/input/errors.ts';
import type { UserErrorCode } from '../../../../../schema/errors.ts';
import type { Agent } from '../../../entities/agent.ts';
import type { KnownTask } from '../../../entities/known-task.ts';

/**
 * The one statement of the rules by which a run may start and go on, as an SQL expression: the first rule that does not
 * hold, or null. It reads `task`, `agent` and `run.requested_by`. What only makes a run wait is in `WAITING_RUNS`.
 */
export const OBSTACLE = `case
  when task.is_removed then 'TASK_ARCHIVED'
  when task.is_finished then 'TASK_FINISHED'
  when agent.archived_at is not null then 'AGENT_ARCHIVED'
  when not coalesce(task.project_id::text = any(agent.project_ids), true) then 'AGENT_WITHDRAWN'
  when not exists (
    select from access.grant as held
    where held.subject = run.requested_by and held.scope = 'project:' || task.project_id
      and held.role in ('MEMBER', 'ADMIN', 'OWNER')
  ) then 'REQUESTER_LEFT'
end`;

export type Obstacle =
  | 'TASK_ARCHIVED'
  | 'TASK_FINISHED'
  | 'AGENT_ARCHIVED'
  | 'AGENT_WITHDRAWN'
  | 'REQUESTER_LEFT';

/** What a run needs: its task, its agent, and the person for whom it works. */
export interface RunParties {
  readonly agentId: string;
  readonly taskId: string;
  readonly requestedBy: string;
}

/** Returns why a run of these may not start or go on now; null when it may. */
export async function readObstacle(
  em: EntityManager,
  { agentId, taskId, requestedBy }: RunParties,
): Promise<Obstacle | null> {
  const [row]: { obstacle: Obstacle | null }[] = await em.execute(
    `select ${OBSTACLE} as obstacle
     from agents.agent as agent, agents.known_task as task, (select ?::uuid as requested_by) as run
     where agent.id = ? and task.id = ?`,
    [requestedBy, agentId, taskId],
  );
  return row?.obstacle ?? null;
}

const CODES: Readonly<Record<Obstacle, UserErrorCode>> = {
  TASK_ARCHIVED: 'INVALID_TRANSITION',
  TASK_FINISHED: 'INVALID_TRANSITION',
  AGENT_ARCHIVED: 'AGENT_DISABLED',
  AGENT_WITHDRAWN: 'FORBIDDEN',
  REQUESTER_LEFT: 'FORBIDDEN',
};

const IS_ABOUT_AGENT: ReadonlySet<Obstacle> = new Set(['AGENT_ARCHIVED', 'AGENT_WITHDRAWN']);

/** Explains an obstacle to people. */
export function explainObstacle(
  obstacle: Obstacle,
  { agent, task }: { agent: Pick<Agent, 'name'>; task: Pick<KnownTask, 'ref'> },
): string {
  const sentences: Readonly<Record<Obstacle, string>> = {
    TASK_ARCHIVED: `${task.ref} is archived and cannot change any more`,
    TASK_FINISHED: `${task.ref} is finished; move it to another column to have an agent work on it`,
    AGENT_ARCHIVED: `${agent.name} was taken out of use`,
    AGENT_WITHDRAWN: `${agent.name} is not for this project; its owner decides`,
    REQUESTER_LEFT: 'The person who asked for the run may not start runs in this project any more',
  };
  return sentences[obstacle];
}

/** The failure of a call that an obstacle stands against. `fields` are the arguments that named the agent and the task. */
export const obstacleError = (
  obstacle: Obstacle,
  parties: { agent: Pick<Agent, 'name'>; task: Pick<KnownTask, 'ref'> },
  fields: { agent: readonly string[]; task: readonly string[] },
): DomainError =>
  new DomainError(CODES[obstacle], explainObstacle(obstacle, parties), {
    field: IS_ABOUT_AGENT.has(obstacle) ? fields.agent : fields.task,
  });
