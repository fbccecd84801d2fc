import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { versionConflict } from '../../../../platform/input/errors.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import { Task } from '../../entities/task.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';

const Input = z.object({ id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Takes a task off the board; those that wait for it wait no longer. A task that is off the board stays as it is.
 * Throws VERSION_CONFLICT when it is on the board and not at `expectedVersion`.
 */
export async function archiveTask(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { id, expectedVersion } = parseInput(Input, rawInput);
  await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const task = await tx.em.findOneOrFail(Task, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (task.archivedAt) return task;
    if (expectedVersion != null && task.version !== expectedVersion) throw versionConflict({ task });
    await applyTaskChanges(tx, task, { archivedAt: new Date() }, byViewer(ctx.viewer));
    return task;
  });
}
