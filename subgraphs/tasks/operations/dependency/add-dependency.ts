import { z } from 'zod';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import { Dependency } from '../../entities/dependency.ts';
import { Task } from '../../entities/task.ts';
import { lockProject } from '../board/steps/lock-project.ts';
import { lockTask } from '../task/steps/lock-task.ts';
import { applyDependencyChange } from './steps/apply-dependency-change.ts';

const Input = z.object({ taskId: z.string(), blockedById: z.string() });

const BLOCKERS_MAX = 100;
const BLOCKER = ['input', 'blockedById'];

/**
 * Says that a task waits for another one of its project. A repeat changes nothing.
 *
 * The project stays locked from the look for a circle to the commit: two dependencies added at once cannot close
 * one together. Throws INVALID for a circle and for a task of another project, LIMIT_EXCEEDED when the task waits
 * for 100 others.
 */
export async function addDependency(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { taskId, blockedById } = parseInput(Input, rawInput);
  const { projectId } = await requireTask(ctx, taskId, 'MEMBER', ['input', 'taskId']);
  const blocker = await requireTask(ctx, blockedById, 'VIEWER', BLOCKER);
  if (blocker.projectId !== projectId) {
    throw new DomainError('INVALID', 'A task waits only for tasks of its own project', { field: BLOCKER });
  }
  return ctx.transact(async (tx) => {
    await lockProject(tx, projectId);
    const known = await tx.em.findOne(Dependency, { taskId, blockedById });
    if (known) return tx.em.findOneOrFail(Task, { id: taskId });
    await requireNoCircle(tx, taskId, blockedById);
    const { ref } = await lockTask(tx, blockedById, { field: BLOCKER });
    const task = await lockTask(tx, taskId, { field: ['input', 'taskId'] });
    if ((await tx.em.count(Dependency, { taskId })) >= BLOCKERS_MAX) {
      throw new DomainError('LIMIT_EXCEEDED', `A task waits for at most ${BLOCKERS_MAX} others`, {
        field: ['input', 'taskId'],
      });
    }
    tx.em.create(Dependency, { taskId, blockedById });
    const difference = { field: 'blockedBy', from: null, to: ref };
    await applyDependencyChange(tx, task, difference, byViewer(ctx.viewer));
    return task;
  });
}

async function requireNoCircle({ em }: Transaction, taskId: string, blockedById: string): Promise<void> {
  const circle = await em.execute(
    `with recursive awaited (id) as (
       select ?::uuid
       union
       select dependency.blocked_by_id from tasks.dependency join awaited on dependency.task_id = awaited.id
     )
     select id from awaited where id = ?`,
    [blockedById, taskId],
  );
  if (circle.length > 0) {
    throw new DomainError('INVALID', 'The tasks would wait for each other in a circle', { field: BLOCKER });
  }
}
