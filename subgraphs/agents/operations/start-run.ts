import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { databaseTime, isUniqueViolation } from '../../../platform/database.ts';
import { DomainError, notFound } from '../../../platform/errors.ts';
import { once } from '../../../platform/idempotency.ts';
import { idempotencyKey, isUuid, nonBlankText, parseInput, whole } from '../../../platform/input.ts';
import type { RequestContext } from '../../../platform/room.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import { requireTask } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import { AgentRun } from '../entities/agent-run.ts';
import type { KnownTask } from '../entities/known-task.ts';
import { publishRun } from './change-run.ts';

const Input = z.object({
  agentId: z.string(),
  taskId: z.string(),
  instruction: nonBlankText(20_000),
  whenBusy: z.enum(['REJECT', 'QUEUE']),
  timeoutSeconds: whole(10, 86_400).nullish(),
  idempotencyKey,
});

/**
 * Asks an agent to work on a task. The run is QUEUED; a dispatcher hands it to OpenClaw after the commit.
 *
 * Throws AGENT_DISABLED; AGENT_BUSY when the agent has as many unfinished runs as it may have and `whenBusy` is
 * REJECT; TASK_BUSY when the task has an unfinished run. The agent's row stays locked from the count to the
 * commit, so any number of starts at once cannot get in beyond `maxConcurrent`.
 */
export async function startRun(
  ctx: RequestContext,
  rawInput: unknown,
  { timeoutSeconds }: { timeoutSeconds: number },
): Promise<AgentRun> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const task = await requireTask(ctx, input.taskId, 'MEMBER', ['input', 'taskId']);
  const call = { actor: ctx.viewer.id, operation: 'agentRunStart', key, input };
  try {
    return await ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const agent = await lockAgent(tx, input.agentId);
        if (input.whenBusy === 'REJECT') await requireRoom(tx, agent);
        const run = await queueRun(tx, ctx.viewer.id, agent, task, {
          instruction: input.instruction,
          timeoutSeconds: input.timeoutSeconds ?? timeoutSeconds,
        });
        return run.id;
      });
      return tx.em.findOneOrFail(AgentRun, { id });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'agent_run_task_unfinished')) throw error;
    throw new DomainError(
      'TASK_BUSY',
      `${task.ref} already has a run that has not ended; wait for it or cancel it`,
      {
        field: ['input', 'taskId'],
      },
    );
  }
}

async function lockAgent({ em }: Transaction, id: string): Promise<Agent> {
  const agent = isUuid(id) ? await em.findOne(Agent, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE }) : null;
  if (!agent) throw notFound('Agent', id, ['input', 'agentId']);
  if (!agent.isEnabled) {
    throw new DomainError('AGENT_DISABLED', `${agent.name} is switched off`, { field: ['input', 'agentId'] });
  }
  return agent;
}

async function requireRoom({ em }: Transaction, agent: Agent): Promise<void> {
  const unfinished = await em.count(AgentRun, {
    agentId: agent.id,
    state: { $in: ['QUEUED', 'DISPATCHING', 'RUNNING', 'CANCELING'] },
  });
  if (unfinished >= agent.maxConcurrent) {
    throw new DomainError(
      'AGENT_BUSY',
      `${agent.name} has ${unfinished} of ${agent.maxConcurrent} runs; try later`,
      {
        field: ['input', 'agentId'],
      },
    );
  }
}

async function queueRun(
  tx: Transaction,
  requestedBy: string,
  agent: Agent,
  task: KnownTask,
  { instruction, timeoutSeconds }: { instruction: string; timeoutSeconds: number },
): Promise<AgentRun> {
  const now = await databaseTime(tx.em);
  const run = tx.em.create(AgentRun, {
    agentId: agent.id,
    taskId: task.id,
    projectId: task.projectId,
    state: 'QUEUED',
    attempt: 0,
    instruction,
    timeoutSeconds,
    requestedBy,
    handOverFailures: 0,
    nextHandOverAt: now,
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
