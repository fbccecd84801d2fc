import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import type { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { followRun } from '../operations/run/follow-run.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { aRunStep, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Runs transactions, and counts how many of them PostgreSQL let run again because they had to give way. */
function countRepeats() {
  let repeats = 0;
  const counted = <Result>(work: (tx: Transaction) => Promise<Result>) => {
    let tries = 0;
    return (tx: Transaction) => {
      if (++tries > 1) repeats++;
      return work(tx);
    };
  };
  return {
    ctx: (): TasksContext => ({ ...world.ctx(), transact: (work) => world.ctx().transact(counted(work)) }),
    transact: <Result>(work: (tx: Transaction) => Promise<Result>) =>
      world.subgraph.transact(systemPart('tasks.tests'), counted(work)),
    repeats: () => repeats,
  };
}

/** Tasks of which each waits for all later ones, so that the order of waiting is against the order of the ids. */
async function tasksInReverse(count: number): Promise<Task[]> {
  const projectId = await world.project();
  const tasks: Task[] = [];
  for (let n = 0; n < count; n++) tasks.push(await world.task({ projectId }));
  for (const [index, { id: taskId }] of tasks.entries()) {
    for (const { id: blockedById } of tasks.slice(index + 1))
      await addDependency(world.ctx(), { taskId, blockedById });
  }
  return tasks;
}

test('concurrent operations on tasks that wait for each other never deadlock', async () => {
  const tasks = await tasksInReverse(4);
  const { projectId } = tasks[0]!;
  const columns = await world.columns(projectId);
  const { ctx, transact, repeats } = countRepeats();
  const columnIds = columns.map(({ id }) => id);

  const finishAndReopen = async ({ id }: Task, offset: number) => {
    for (let n = 0; n < 10; n++) {
      const columnId = columnIds[(n + offset) % 2 ? 4 : 1];
      await moveTask(ctx(), { id, columnId });
    }
  };
  const change = async ({ id }: Task) => {
    for (let n = 0; n < 6; n++) await updateTask(ctx(), { id, title: `Title ${n}` });
  };
  const discuss = async ({ id }: Task) => {
    for (let n = 0; n < 3; n++) {
      await addComment(ctx(), { taskId: id, body: 'Hello' });
      await createTask(ctx(), { projectId, title: 'A subtask', parentId: id });
    }
  };
  const work = async (task: Task) => {
    for (const state of ['DISPATCHING', 'RUNNING', 'SUCCEEDED', 'RUNNING'] as const)
      await transact((tx) => followRun(tx, aRunStep(task, { state }), randomUUID()));
  };
  const waitForAnother = async ({ id: taskId }: Task, { id: blockedById }: Task) => {
    for (let n = 0; n < 3; n++) {
      await removeDependency(ctx(), { taskId, blockedById });
      await addDependency(ctx(), { taskId, blockedById });
    }
  };
  await Promise.all([
    ...tasks.map(finishAndReopen),
    ...tasks.map(change),
    ...tasks.map(discuss),
    ...tasks.map(work),
    ...tasks.slice(1).map((blocker, index) => waitForAnother(tasks[index]!, blocker)),
  ]);

  expect(repeats()).toBe(0);
});
