import { z } from 'zod';
import { requireVersion } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireTask } from '../../access.ts';
import { Dependency } from '../../entities/dependency.ts';
import { lockTask } from '../task/steps/lock-task.ts';
import { applyDependencyChange } from './steps/apply-dependency-change.ts';

const Input = z.strictObject({
  taskId: z.string(),
  blockedById: z.string(),
  expectedVersion: z.int().nullish(),
});

/**
 * Removes a dependency: a task no longer waits for another one. A task that did not wait for it stays as it is.
 * Throws VERSION_CONFLICT when the task that waited is not at `expectedVersion`.
 */
export const removeDependency = defineOperation(
  'dependencyRemove',
  Input,
  async (ctx: RequestContext, { taskId, blockedById, expectedVersion }) => {
    await requireTask(ctx, taskId, 'MEMBER', ['input', 'taskId']);
    const { ref } = await requireTask(ctx, blockedById, 'VIEWER', ['input', 'blockedById']);
    return ctx.transact(async (tx) => {
      const task = await lockTask(tx, taskId, { field: ['input', 'taskId'] });
      if (tx.isRepeat) return task;
      const removed = await tx.em.nativeDelete(Dependency, { taskId, blockedById });
      if (removed === 0) return task;
      requireVersion({ task }, expectedVersion);
      await applyDependencyChange(tx, task, { from: ref, to: null });
      return task;
    });
  },
);
