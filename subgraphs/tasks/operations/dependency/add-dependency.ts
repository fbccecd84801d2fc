import { z } from 'zod';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireTask } from '../../access.ts';
import { Dependency } from '../../entities/dependency.ts';
import { Task } from '../../entities/task.ts';
import { lockBoard } from '../board/steps/lock-board.ts';
import { lockTask } from '../task/steps/lock-task.ts';
import { applyDependencyChange } from './steps/apply-dependency-change.ts';

const Input = z.strictObject({
  taskId: z.string(),
  blockedById: z.string(),
  expectedVersion: z.int().nullish(),
});

const BLOCKERS_MAX = 100;
const TASK = ['input', 'taskId'];
const BLOCKER = ['input', 'blockedById'];

/**
 * Adds a dependency: a task waits for another one of its project. A repeat changes nothing.
 *
 * The board stays locked from the search for a cycle to the commit, so two dependencies that are added at once cannot
 * form a cycle together. Throws INVALID for a cycle and for a task of another project, LIMIT_EXCEEDED when the task
 * waits for 100 others, VERSION_CONFLICT when the task that waits changes and is not at `expectedVersion`.
 */
export const addDependency = defineOperation(
  'dependencyAdd',
  Input,
  async (ctx: RequestContext, { taskId, blockedById, expectedVersion }) => {
    const { projectId } = await requireTask(ctx, taskId, 'MEMBER', TASK);
    const blocker = await requireTask(ctx, blockedById, 'VIEWER', BLOCKER);
    if (blocker.projectId !== projectId) {
      throw new DomainError('INVALID', 'A task waits only for tasks of its own project', { field: BLOCKER });
    }
    return ctx.transact(async (tx) => {
      await lockBoard(tx, projectId);
      const known = await tx.em.findOne(Dependency, { taskId, blockedById });
      if (tx.isRepeat || known) return tx.em.findOneOrFail(Task, { id: taskId });
      return insertDependency(tx, taskId, blockedById, expectedVersion);
    });
  },
);

async function insertDependency(
  tx: Transaction,
  taskId: string,
  blockedById: string,
  expectedVersion: number | null | undefined,
): Promise<Task> {
  await requireNoCycle(tx, taskId, blockedById);
  const blocker = await lockTask(tx, blockedById, { field: BLOCKER });
  const task = await lockTask(tx, taskId, { expectedVersion, field: TASK });
  if ((await tx.em.count(Dependency, { taskId })) >= BLOCKERS_MAX) {
    throw new DomainError('LIMIT_EXCEEDED', `A task waits for at most ${BLOCKERS_MAX} others`, {
      field: TASK,
    });
  }
  tx.em.create(Dependency, { taskId, blockedById, blockerNumber: blocker.number });
  await applyDependencyChange(tx, task, { from: null, to: blocker.ref });
  return task;
}

async function requireNoCycle({ em }: Transaction, taskId: string, blockedById: string): Promise<void> {
  const cycle = await em.execute(
    `with recursive awaited (id) as (
       select ?::uuid
       union
       select dependency.blocked_by_id from tasks.dependency join awaited on dependency.task_id = awaited.id
     )
     select id from awaited where id = ?`,
    [blockedById, taskId],
  );
  if (cycle.length > 0) {
    throw new DomainError('INVALID', 'The tasks would wait for each other in a circle', { field: BLOCKER });
  }
}
