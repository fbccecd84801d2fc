import { z } from 'zod';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireAssignable, requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import type { Task } from '../../entities/task.ts';
import { applyTaskChanges } from './steps/apply-task-changes.ts';
import { lockTask } from './steps/lock-task.ts';
import { TaskInput } from './steps/task-input.ts';

const Input = z.object({
  id: z.string(),
  title: TaskInput.title.optional(),
  description: TaskInput.description,
  priority: TaskInput.priority.optional(),
  assigneeId: TaskInput.assigneeId,
  checklist: TaskInput.checklist.nullish(),
  expectedVersion: z.int().nullish(),
});

/**
 * Changes what a task says; the checklist is replaced as a whole.
 * Throws VERSION_CONFLICT when it is not at `expectedVersion`, INVALID for an assignee who is not a member.
 */
export async function updateTask(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { id, expectedVersion, checklist, ...changes } = parseInput(Input, rawInput);
  const { projectId } = await requireTask(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const task = await lockTask(tx, id, { expectedVersion });
    await requireAssignable(tx, projectId, changes.assigneeId);
    const wholeChecklist = checklist === null ? [] : checklist;
    await applyTaskChanges(tx, task, { ...changes, checklist: wholeChecklist }, byViewer(ctx.viewer));
    return task;
  });
}
