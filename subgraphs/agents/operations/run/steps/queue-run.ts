import { LockMode } from '@mikro-orm/core';
import { databaseTime, isUniqueViolation } from '../../../../../platform/database/database.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError, notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../../platform/subgraph/subgraph.ts';
import { lookerIn, maySeeAgent } from '../../../access.ts';
import { Agent } from '../../../entities/agent.ts';
import { AgentRun } from '../../../entities/agent-run.ts';
import type { KnownTask } from '../../../entities/known-task.ts';
import { UNFINISHED_STATES } from '../../../entities/run-states.ts';
import { publishRun } from './change-run-state.ts';
import { QUEUE_SECONDS_MAX } from './requeue-run.ts';

export interface RunToQueue {
  agentId: string;
  whenBusy: 'REJECT' | 'QUEUE';
  instruction: string;
  timeoutSeconds: number;
  priority: number;
  ignoresBlockers: boolean;
  retryOf?: string;
  startedBy?: Pick<AgentRun, 'id' | 'chainDepth'> | null;
  /** The argument that named the agent, for errors. */
  field: readonly string[];
}

/**
 * Puts a run into its agent's queue. The agent's row stays locked from the count to the commit, so any number of
 * starts at once cannot get in beyond `maxConcurrent`.
 *
 * Throws NOT_FOUND, AGENT_DISABLED, FORBIDDEN when the agent is not for this project, TASK_BLOCKED, and AGENT_BUSY when
 * the agent has as many unfinished runs as it may have and `whenBusy` is REJECT.
 */
export async function queueRun(
  ctx: RequestContext,
  tx: Transaction,
  task: KnownTask,
  wanted: RunToQueue,
): Promise<AgentRun> {
  const agent = await lockAgent(ctx, tx, wanted);
  requireUsable(agent, task.projectId, wanted.field);
  if (!wanted.ignoresBlockers) requireUnblocked(task);
  if (wanted.whenBusy === 'REJECT') await requireCapacity(tx, agent, wanted.field);
  const now = await databaseTime(tx.em);
  const run = tx.em.create(AgentRun, {
    agentId: agent.id,
    taskId: task.id,
    projectId: task.projectId,
    state: 'QUEUED',
    attempt: 0,
    instruction: wanted.instruction,
    timeoutSeconds: wanted.timeoutSeconds,
    priority: wanted.priority,
    ignoresBlockers: wanted.ignoresBlockers,
    requestedBy: ctx.viewer.id,
    retryOf: wanted.retryOf ?? null,
    startedByRunId: wanted.startedBy?.id ?? null,
    chainDepth: wanted.startedBy ? wanted.startedBy.chainDepth + 1 : 0,
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
  await tx.em.execute(
    'insert into agents.agent_project (agent_id, project_id) values (?, ?) on conflict do nothing',
    [agent.id, task.projectId],
  );
  await publishRun(tx, run);
  return run;
}

/** Runs the work and explains the database's refusal of a second unfinished run as TASK_BUSY. */
export async function explainBusyTask<Result>(
  task: Pick<KnownTask, 'ref'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error, 'agent_run_task_unfinished')) throw error;
    const message = `${task.ref} already has a run that has not ended; wait for it or cancel it`;
    throw new DomainError('TASK_BUSY', message, { field: ['input', 'taskId'] });
  }
}

async function lockAgent(
  ctx: RequestContext,
  tx: Transaction,
  { agentId, field }: RunToQueue,
): Promise<Agent> {
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
  const agent = isUuid(agentId) ? await tx.em.findOne(Agent, { id: agentId }, lock) : null;
  if (!agent || !(await maySeeAgent(lookerIn(tx, ctx), agent))) throw notFound('Agent', agentId, field);
  return agent;
}

function requireUsable(agent: Agent, projectId: string, field: readonly string[]): void {
  if (agent.archivedAt)
    throw new DomainError('AGENT_DISABLED', `${agent.name} was taken out of use`, { field });
  if (!agent.isEnabled) throw new DomainError('AGENT_DISABLED', `${agent.name} is switched off`, { field });
  if (agent.projectIds && !agent.projectIds.includes(projectId))
    throw new DomainError('FORBIDDEN', `${agent.name} is not for this project; its owner decides`, { field });
}

function requireUnblocked({ ref, openBlockerRefs }: KnownTask): void {
  if (openBlockerRefs.length === 0) return;
  const message = `${ref} waits for ${openBlockerRefs.join(', ')}; finish that first, or start with ignoreBlockers`;
  throw new DomainError('TASK_BLOCKED', message, { field: ['input', 'taskId'] });
}

async function requireCapacity({ em }: Transaction, agent: Agent, field: readonly string[]): Promise<void> {
  const unfinished = await em.count(AgentRun, {
    agentId: agent.id,
    // One that waits for a person holds no slot, and may wait for a day.
    state: { $in: UNFINISHED_STATES.filter((state) => state !== 'INPUT_REQUIRED') },
  });
  if (unfinished < agent.maxConcurrent) return;
  const message = `${agent.name} has ${unfinished} of ${agent.maxConcurrent} runs; try later, or let it wait with whenBusy: QUEUE`;
  throw new DomainError('AGENT_BUSY', message, { field });
}
