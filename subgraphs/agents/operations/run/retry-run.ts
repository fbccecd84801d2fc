import { z } from 'zod';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireRun, requireTask } from '../../access.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { isFinal } from '../../entities/run-states.ts';
import { explainBusyTask, queueRun } from './steps/queue-run.ts';

const Input = z.object({ id: z.string(), whenBusy: z.enum(['REJECT', 'QUEUE']), idempotencyKey });

/**
 * Starts a run anew that ended without success: a new run, by the same agent, with the same instruction.
 * Throws INVALID_TRANSITION when it has not ended or has SUCCEEDED, and what `queueRun` throws.
 */
export async function retryRun(ctx: RequestContext, rawInput: unknown): Promise<AgentRun> {
  const { id, whenBusy, idempotencyKey: key } = parseInput(Input, rawInput);
  const field = ['input', 'id'];
  const before = await requireRun(ctx, id, 'MEMBER', field);
  if (!isFinal(before.state) || before.state === 'SUCCEEDED') {
    const message = `The run is ${before.state}; only one that ended without success is started anew`;
    throw new DomainError('INVALID_TRANSITION', message, { field });
  }
  const task = await requireTask(ctx, before.taskId, 'MEMBER', field);
  const call = { actor: ctx.viewer.id, operation: 'agentRunRetry', key, input: { id, whenBusy } };
  return explainBusyTask(task, () =>
    ctx.transact(async (tx) => {
      const newId = await once(tx.em, call, async () => {
        const { agentId, instruction, timeoutSeconds, priority, ignoresBlockers } = before;
        const run = await queueRun(ctx, tx, task, {
          ...{ agentId, instruction, timeoutSeconds, priority, ignoresBlockers, whenBusy, field },
          retryOf: id,
        });
        return run.id;
      });
      return tx.em.findOneOrFail(AgentRun, { id: newId });
    }),
  );
}
