import { z } from 'zod';
import { DomainError } from '../../../../platform/input/errors.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireRun, requireTask } from '../../access.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { isFinal } from '../../entities/run-states.ts';
import { queueRun } from './steps/queue-run.ts';

const Input = z.strictObject({
  id: z.string(),
  whenBusy: z.enum(['REJECT', 'QUEUE']).default('QUEUE'),
});

const FIELD = ['input', 'id'];

/**
 * Repeats a run that ended without success: a new run of the same agent with the same instruction.
 * Throws INVALID_TRANSITION when the run has not ended or has SUCCEEDED, and what `queueRun` throws.
 */
export const retryRun = defineOperation('agentRunRetry', Input, async (ctx: RequestContext, input) => {
  const before = await requireRun(ctx, input.id, 'MEMBER', FIELD);
  if (!isFinal(before.state) || before.state === 'SUCCEEDED') {
    const message = `The run is ${before.state}; only one that ended without success is started anew`;
    throw new DomainError('INVALID_TRANSITION', message, { field: FIELD });
  }
  await requireTask(ctx, before.taskId, 'MEMBER', FIELD);
  return createOnce(ctx, AgentRun, (tx) => {
    const { agentId, taskId, instruction, timeoutSeconds, priority, ignoreBlockers } = before;
    return queueRun(tx, {
      ...{ agentId, taskId, instruction, timeoutSeconds, priority, ignoreBlockers },
      whenBusy: input.whenBusy,
      retryOf: before.id,
      fields: { agent: FIELD, task: FIELD, startedBy: FIELD },
    });
  });
});
