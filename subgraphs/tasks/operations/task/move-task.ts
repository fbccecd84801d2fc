import { z } from 'zod';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireTask } from '../../access.ts';
import { lockBoard } from '../board/steps/lock-board.ts';
import { lockColumn } from '../column/steps/lock-column.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';
import { lockTask } from './steps/lock-task.ts';
import { between } from './steps/place-task.ts';

const Input = z.strictObject({
  id: z.string(),
  columnId: z.string(),
  beforeTaskId: z.string().nullish(),
  afterTaskId: z.string().nullish(),
  expectedVersion: z.int().nullish(),
});

/**
 * Moves a task to a place on its board. The column stays locked from the reading of its ranks to the commit, so
 * concurrent moves to the same place all succeed.
 *
 * Throws NOT_FOUND for a column of another board, INVALID for a neighbour in another column, VERSION_CONFLICT when the
 * task is not at `expectedVersion`.
 */
export const moveTask = defineOperation('taskMove', Input, async (ctx: RequestContext, input) => {
  const { id, columnId, expectedVersion, ...neighbours } = input;
  const { projectId } = await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    await lockBoard(tx, projectId);
    if (!tx.isRepeat) await lockColumn(tx, projectId, columnId);
    const task = await lockTask(tx, id, { expectedVersion });
    if (tx.isRepeat) return task;
    await applyTaskChanges(tx, task, await between(tx, columnId, id, neighbours));
    return task;
  });
});
