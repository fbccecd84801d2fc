import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError, notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { personBehind, requireRoleForTask } from '../../../access.ts';
import type { Agent } from '../../../entities/agent.ts';
import { AgentProject } from '../../../entities/agent-project.ts';
import { AgentRun } from '../../../entities/agent-run.ts';
import { KnownTask } from '../../../entities/known-task.ts';
import { UNFINISHED_STATES } from '../../../entities/run-states.ts';
import { lockAgent } from '../../agent/steps/lock-agent.ts';
import { publishRun } from './change-run-state.ts';
import { obstacleError, readObstacle } from './obstacle.ts';
import { QUEUE_SECONDS_MAX } from './requeue-run.ts';
import { requireStarter } from './require-starter.ts';

export interface RunToQueue {
  agentId: string;
  taskId: string;
  whenBusy: 'REJECT' | 'QUEUE';
  instruction: string;
  timeoutSeconds: number;
  priority: number;
  ignoreBlockers: boolean;
  retryOf?: string;
  /** The run in which a person says that this one is asked for. For an agent in a run it is always that run. */
  startedByRunId?: string | null | undefined;
  /** The arguments that named the agent, the task and the run above, for errors. */
  fields: { agent: readonly string[]; task: readonly string[]; startedBy: readonly string[] };
}

/**
 * Puts a run into its agent's queue, in the name of the transaction's actor: a person, or an agent in a run, from whose
 * run the new one is then started.
 *
 * The task's row stays locked until the commit, so that a task gets one run; and the agent's row, so that concurrent
 * starts do not exceed `maxConcurrent`. Throws NOT_FOUND, FORBIDDEN when the actor is no member or the agent is not for
 * this project, INVALID_TRANSITION for a task that is archived or finished, AGENT_DISABLED, TASK_BLOCKED, AGENT_BUSY when the agent has as many unfinished runs as it may have and
 * `whenBusy` is REJECT, TASK_BUSY when the task has an unfinished run, and LOOP_GUARD.
 */
export async function queueRun(tx: Transaction, wanted: RunToQueue): Promise<AgentRun> {
  const { fields } = wanted;
  const task = await lockTask(tx, wanted.taskId, fields.task);
  const agent = await lockAgent(tx, wanted.agentId, fields.agent);
  const requestedBy = personBehind(tx).id;
  const obstacle = await readObstacle(tx.em, { ...wanted, requestedBy });
  if (obstacle) throw obstacleError(obstacle, { agent, task }, fields);
  if (!agent.isEnabled)
    throw new DomainError('AGENT_DISABLED', `${agent.name} is switched off`, { field: fields.agent });
  if (!wanted.ignoreBlockers) requireUnblocked(task, fields.task);
  if (wanted.whenBusy === 'REJECT') await requireCapacity(tx, agent, fields.agent);
  await requireIdleTask(tx, task, fields.task);
  const starterId = tx.actor.kind === 'agent' ? tx.actor.runId : wanted.startedByRunId;
  const starter = starterId ? await requireStarter(tx, task, starterId, fields.startedBy) : null;
  return insertRun(tx, task, wanted, starter);
}

async function insertRun(
  tx: Transaction,
  task: KnownTask,
  { agentId, instruction, timeoutSeconds, priority, ignoreBlockers, retryOf }: RunToQueue,
  starter: AgentRun | null,
): Promise<AgentRun> {
  const now = await tx.now();
  const run = tx.em.create(AgentRun, {
    ...{ agentId, instruction, timeoutSeconds, priority, ignoreBlockers },
    taskId: task.id,
    projectId: task.projectId,
    state: 'QUEUED',
    attempt: 0,
    requestedBy: personBehind(tx).id,
    retryOf: retryOf ?? null,
    startedByRunId: starter?.id ?? null,
    chainDepth: starter ? starter.chainDepth + 1 : 0,
    handOverFailures: 0,
    nextHandOverAt: now,
    isHandOverUnknown: false,
    transientFailures: 0,
    abortsSent: 0,
    queueExpiresAt: new Date(now.getTime() + QUEUE_SECONDS_MAX * 1000),
    isAnswerTruncated: false,
    queuedAt: now,
  });
  await tx.em.flush();
  const { projectId } = task;
  await tx.em.upsert(AgentProject, { agentId, projectId }, { onConflictAction: 'ignore' });
  await publishRun(tx, run, { before: null });
  return run;
}

/** Throws NOT_FOUND and FORBIDDEN as for a request, because a reader of the log may call `queueRun` too. */
async function lockTask(tx: Transaction, id: string, field: readonly string[]): Promise<KnownTask> {
  const task = isUuid(id) ? await lockOne(tx, KnownTask, { id }) : null;
  if (!task) throw notFound('Task', id, field);
  await requireRoleForTask(tx, task, 'MEMBER', field);
  return task;
}

function requireUnblocked({ ref, openBlockerRefs }: KnownTask, field: readonly string[]): void {
  if (openBlockerRefs.length === 0) return;
  const message = `${ref} waits for ${openBlockerRefs.join(', ')}; finish that first, or start with ignoreBlockers`;
  throw new DomainError('TASK_BLOCKED', message, { field });
}

async function requireCapacity({ em }: Transaction, agent: Agent, field: readonly string[]): Promise<void> {
  const unfinished = await em.count(AgentRun, {
    agentId: agent.id,
    // A run that waits for a person holds no slot, and may wait for a day.
    state: { $in: UNFINISHED_STATES.filter((state) => state !== 'INPUT_REQUIRED') },
  });
  if (unfinished < agent.maxConcurrent) return;
  const message = `${agent.name} has ${unfinished} of ${agent.maxConcurrent} runs; try later, or let it wait with whenBusy: QUEUE`;
  throw new DomainError('AGENT_BUSY', message, { field });
}

async function requireIdleTask(
  { em }: Transaction,
  task: KnownTask,
  field: readonly string[],
): Promise<void> {
  const unfinished = await em.count(AgentRun, { taskId: task.id, state: { $in: [...UNFINISHED_STATES] } });
  if (unfinished === 0) return;
  const message = `${task.ref} already has a run that has not ended; wait for it or cancel it`;
  throw new DomainError('TASK_BUSY', message, { field });
}
