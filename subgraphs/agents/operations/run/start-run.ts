import { z } from 'zod';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, nonBlankText, parseInput, whole } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireRun, requireTask } from '../../access.ts';
import { AgentRun, RUN_PRIORITIES } from '../../entities/agent-run.ts';
import type { KnownTask } from '../../entities/known-task.ts';
import { explainBusyTask, queueRun } from './steps/queue-run.ts';

const Input = z.object({
  agentId: z.string(),
  taskId: z.string(),
  instruction: nonBlankText(20_000),
  whenBusy: z.enum(['REJECT', 'QUEUE']),
  timeoutSeconds: whole(10, 86_400).nullish(),
  priority: z.enum(['LOW', 'NORMAL', 'HIGH']),
  ignoreBlockers: z.boolean(),
  startedByRunId: z.string().nullish(),
  idempotencyKey,
});

/** Agents that start each other are stopped after so many in a row, and so many on one task within an hour. */
const CHAIN_DEPTH_MAX = 4;
const STARTED_BY_AGENTS_MAX = 10;

/**
 * Asks an agent to work on a task. The run is QUEUED; a dispatcher hands it to OpenClaw after the commit.
 * `timeoutSeconds` is for a run that names none itself.
 *
 * Throws what `queueRun` throws; TASK_BUSY when the task has an unfinished run; LOOP_GUARD when agents have started
 * runs from runs too often.
 */
export async function startRun(
  ctx: RequestContext,
  rawInput: unknown,
  { timeoutSeconds }: { timeoutSeconds: number },
): Promise<AgentRun> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const task = await requireTask(ctx, input.taskId, 'MEMBER', ['input', 'taskId']);
  const startedBy = input.startedByRunId ? await requireStarter(ctx, task, input.startedByRunId) : null;
  const call = { actor: ctx.viewer.id, operation: 'agentRunStart', key, input };
  return explainBusyTask(task, () =>
    ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const run = await queueRun(ctx, tx, task, {
          agentId: input.agentId,
          whenBusy: input.whenBusy,
          instruction: input.instruction,
          timeoutSeconds: input.timeoutSeconds ?? timeoutSeconds,
          priority: RUN_PRIORITIES[input.priority],
          ignoresBlockers: input.ignoreBlockers,
          startedBy,
          field: ['input', 'agentId'],
        });
        return run.id;
      });
      return tx.em.findOneOrFail(AgentRun, { id });
    }),
  );
}

/** The run in which a run is asked for, if it may ask for another. */
async function requireStarter(ctx: RequestContext, task: KnownTask, runId: string): Promise<AgentRun> {
  const field = ['input', 'startedByRunId'];
  const starter = await requireRun(ctx, runId, 'MEMBER', field);
  if (starter.chainDepth + 1 > CHAIN_DEPTH_MAX) {
    throw new DomainError(
      'LOOP_GUARD',
      `${CHAIN_DEPTH_MAX} runs have started each other; a person must go on`,
      {
        field,
      },
    );
  }
  const [row]: { count: number }[] = await ctx.em.execute(
    `select count(*)::int as count from agents.agent_run
     where task_id = ? and started_by_run_id is not null and queued_at > now() - interval '1 hour'`,
    [task.id],
  );
  if (row!.count >= STARTED_BY_AGENTS_MAX) {
    const message = `Agents have started ${row!.count} runs on ${task.ref} within an hour; a person must go on`;
    throw new DomainError('LOOP_GUARD', message, { field });
  }
  return starter;
}
