import { z } from 'zod';
import { updateInputs } from '../../../../platform/database/field-inputs.ts';
import { differing } from '../../../../platform/database/field-table.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireAssignable, requireTask } from '../../access.ts';
import { TASK_FIELDS } from '../../entities/task-fields.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';
import { lockTask } from './steps/lock-task.ts';

const Input = z.strictObject({
  ...updateInputs(TASK_FIELDS),
  id: z.string(),
  expectedVersion: z.int().nullish(),
});

/**
 * Changes fields of a task; a checklist is replaced as a whole.
 * Throws VERSION_CONFLICT when the task is not at `expectedVersion`, INVALID for a new assignee
 * who is not a member; one who has left meanwhile may stay.
 */
export const updateTask = defineOperation('taskUpdate', Input, async (ctx: RequestContext, input) => {
  const { id, expectedVersion, ...changes } = input;
  const { projectId } = await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const task = await lockTask(tx, id, { expectedVersion });
    if (tx.isRepeat) return task;
    await requireAssignable(tx, projectId, differing(task, changes).assigneeId);
    await applyTaskChanges(tx, task, changes);
    return task;
  });
});
