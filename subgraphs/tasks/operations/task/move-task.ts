import { z } from 'zod';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import type { Task } from '../../entities/task.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';
import { lockTask } from './steps/lock-task.ts';
import { between, lockColumn } from './steps/place-task.ts';

const Input = z.object({
  id: z.string(),
  columnId: z.string(),
  beforeTaskId: z.string().nullish(),
  afterTaskId: z.string().nullish(),
  expectedVersion: z.int().nullish(),
});

/**
 * Moves a task to a place on its board. The column stays locked from the look at its ranks to the commit, so moves
 * to the same place at once all succeed, one after the other.
 *
 * Throws NOT_FOUND for a column of another board, INVALID for a neighbour in another column, VERSION_CONFLICT when
 * the task is not at `expectedVersion`.
 */
export async function moveTask(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { id, columnId, expectedVersion, ...neighbours } = parseInput(Input, rawInput);
  const { projectId } = await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const task = await lockTask(tx, id, { expectedVersion });
    await lockColumn(tx, projectId, columnId);
    const place = await between(tx, columnId, id, neighbours);
    await applyTaskChanges(tx, task, place, byViewer(ctx.viewer));
    return task;
  });
}
