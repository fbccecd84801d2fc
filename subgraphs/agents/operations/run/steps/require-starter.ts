import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { requireRun } from '../../../access.ts';
import { AgentRun } from '../../../entities/agent-run.ts';
import type { KnownTask } from '../../../entities/known-task.ts';

/** Agents that start each other are stopped after so many runs in a row, and so many on one task within an hour. */
const CHAIN_DEPTH_MAX = 4;
const STARTED_BY_AGENTS_MAX = 10;
const HOUR_MS = 3_600_000;

/**
 * The run in which another run on the task is asked for. The caller holds the task's lock.
 *
 * Throws NOT_FOUND when the actor may not see that run, FORBIDDEN when the actor is no member of its project, and
 * LOOP_GUARD when agents have started too many runs from runs. `field` is the argument at fault.
 */
export async function requireStarter(
  tx: Transaction,
  task: KnownTask,
  runId: string,
  field: readonly string[],
): Promise<AgentRun> {
  const starter = await requireRun(tx, runId, 'MEMBER', field);
  if (starter.chainDepth >= CHAIN_DEPTH_MAX) {
    const message = `${CHAIN_DEPTH_MAX} runs have started each other; a person must go on`;
    throw new DomainError('LOOP_GUARD', message, { field });
  }
  const count = await tx.em.count(AgentRun, {
    taskId: task.id,
    startedByRunId: { $ne: null },
    queuedAt: { $gt: new Date((await tx.now()).getTime() - HOUR_MS) },
  });
  if (count >= STARTED_BY_AGENTS_MAX) {
    const message = `Agents have started ${count} runs on ${task.ref} within an hour; a person must go on`;
    throw new DomainError('LOOP_GUARD', message, { field });
  }
  return starter;
}
