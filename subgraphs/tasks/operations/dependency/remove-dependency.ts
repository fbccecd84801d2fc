import { z } from 'zod';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import { Dependency } from '../../entities/dependency.ts';
import type { Task } from '../../entities/task.ts';
import { lockTask } from '../task/steps/lock-task.ts';
import { applyDependencyChange } from './steps/apply-dependency-change.ts';

const Input = z.object({ taskId: z.string(), blockedById: z.string() });

/** Says that a task no longer waits for another one. One that did not is left as it is. */
export async function removeDependency(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { taskId, blockedById } = parseInput(Input, rawInput);
  await requireTask(ctx, taskId, 'MEMBER', ['input', 'taskId']);
  const { ref } = await requireTask(ctx, blockedById, 'VIEWER', ['input', 'blockedById']);
  return ctx.transact(async (tx) => {
    const task = await lockTask(tx, taskId, { field: ['input', 'taskId'] });
    const removed = await tx.em.nativeDelete(Dependency, { taskId, blockedById });
    if (removed === 0) return task;
    const difference = { field: 'blockedBy', from: ref, to: null };
    await applyDependencyChange(tx, task, difference, byViewer(ctx.viewer));
    return task;
  });
}
