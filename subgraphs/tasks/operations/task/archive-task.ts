import { z } from 'zod';
import { lockExisting } from '../../../../platform/database/lock-order.ts';
import { requireVersion } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireTask } from '../../access.ts';
import { Task } from '../../entities/task.ts';
import { lockBoard } from '../board/steps/lock-board.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';

const Input = z.strictObject({ id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Takes a task off the board; the tasks that wait for it are no longer blocked by it. An archived task stays as it is.
 * Throws VERSION_CONFLICT when the task is on the board and not at `expectedVersion`.
 */
export const archiveTask = defineOperation('taskArchive', Input, async (ctx: RequestContext, input) => {
  const { id, expectedVersion } = input;
  const { projectId } = await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    await lockBoard(tx, projectId);
    const task = await lockExisting(tx, Task, id);
    if (tx.isRepeat || task.archivedAt) return task;
    requireVersion({ task }, expectedVersion);
    await applyTaskChanges(tx, task, { archivedAt: await tx.now() });
    return task;
  });
});
