import { z } from 'zod';
import { nonBlankText, whole } from '../../../../platform/input/input.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import { requireTask } from '../../access.ts';
import { AgentRun, RUN_PRIORITIES } from '../../entities/agent-run.ts';
import type { ContextWithSettings } from '../../settings.ts';
import { queueRun } from './steps/queue-run.ts';

const Input = z.strictObject({
  agentId: z.string(),
  taskId: z.string(),
  instruction: nonBlankText(20_000),
  whenBusy: z.enum(['REJECT', 'QUEUE']).default('QUEUE'),
  timeoutSeconds: whole(10, 86_400).nullish(),
  priority: z.enum(['LOW', 'NORMAL', 'HIGH']).default('NORMAL'),
  ignoreBlockers: z.boolean().default(false),
  startedByRunId: z.string().nullish(),
});

const FIELDS = {
  agent: ['input', 'agentId'],
  task: ['input', 'taskId'],
  startedBy: ['input', 'startedByRunId'],
};

/**
 * Asks an agent to work on a task. The run is QUEUED; a dispatcher hands it to OpenClaw after the commit.
 * Throws what `queueRun` throws.
 */
export const startRun = defineOperation('agentRunStart', Input, async (ctx: ContextWithSettings, input) => {
  await requireTask(ctx, input.taskId, 'MEMBER', FIELDS.task);
  return createOnce(ctx, AgentRun, (tx) =>
    queueRun(tx, {
      ...input,
      timeoutSeconds: input.timeoutSeconds ?? ctx.settings.timeoutSeconds,
      priority: RUN_PRIORITIES[input.priority],
      fields: FIELDS,
    }),
  );
});
