import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { form } from '../../../platform/testing/infrastructure.ts';
import type { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { followRun } from '../operations/run/follow-run.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { aRunStep, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** The embedded database has one connection, so there only the order of the locks is checked. */
const ROUNDS = form === 'services' ? 4 : 1;

type Work<Result> = (tx: Transaction) => Promise<Result>;

/** A request whose transactions run `wrap(work)`. */
const contextWith = (wrap: <Result>(work: Work<Result>) => Work<Result>): TasksContext => ({
  ...world.ctx(),
  transact: (work) => world.ctx().transact(wrap(work)),
});

/** The locks that an operation takes, in their order. */
async function locksOf(operation: (ctx: TasksContext) => Promise<unknown>): Promise<string[]> {
  const taken: string[] = [];
  const ctx = contextWith((work) => (tx) => {
    const take = (name: string) => {
      taken.push(name);
      tx.locks.take(name);
    };
    return work(Object.create(tx, { locks: { value: { take } } }));
  });
  await operation(ctx);
  return taken;
}

/** Counts the transactions that PostgreSQL let run again because they had to give way. */
function countRepeats() {
  let repeats = 0;
  const counted = <Result>(work: Work<Result>): Work<Result> => {
    let tries = 0;
    return (tx) => {
      if (++tries > 1) repeats++;
      return work(tx);
    };
  };
  return {
    ctx: () => contextWith(counted),
    transact: <Result>(work: Work<Result>) =>
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

describe('the locks', () => {
  let task: Task;
  let waiting: Task;
  beforeAll(async () => {
    [waiting, task] = (await tasksInReverse(2)) as [Task, Task];
  });

  test.each<[string, string[], (ctx: TasksContext) => Promise<unknown>]>([
    [
      'taskCreate of a subtask',
      ['Board', 'BoardColumn', 'Task'],
      (ctx) => createTask(ctx, { projectId: task.projectId, title: 'A subtask', parentId: task.id }),
    ],
    ['taskUpdate', ['Task'], (ctx) => updateTask(ctx, { id: task.id, title: 'Second' })],
    [
      'taskMove that finishes a task',
      ['Board', 'BoardColumn', 'Task', 'Task'],
      async (ctx) => moveTask(ctx, { id: task.id, columnId: (await world.columns(task.projectId))[4]!.id }),
    ],
    [
      'taskMove that reopens a task',
      ['Board', 'BoardColumn', 'Task', 'Task'],
      async (ctx) => moveTask(ctx, { id: task.id, columnId: (await world.columns(task.projectId))[1]!.id }),
    ],
    [
      'a step of a run that moves its task',
      ['FollowedStep', 'BoardColumn', 'Task'],
      (ctx) => ctx.transact((tx) => followRun(tx, aRunStep(task, { state: 'SUCCEEDED' }), randomUUID())),
    ],
    [
      'dependencyRemove',
      ['Task'],
      (ctx) => removeDependency(ctx, { taskId: waiting.id, blockedById: task.id }),
    ],
    [
      'dependencyAdd',
      ['Board', 'Task', 'Task'],
      (ctx) => addDependency(ctx, { taskId: waiting.id, blockedById: task.id }),
    ],
    ['taskArchive', ['Board', 'Task', 'Task'], (ctx) => archiveTask(ctx, { id: task.id })],
  ])('of %s are %j', async (_name, locks, operation) => {
    expect(await locksOf(operation)).toEqual(locks);
  });
});

test('concurrent operations on tasks that wait for each other never deadlock', async () => {
  const tasks = await tasksInReverse(4);
  const { projectId } = tasks[0]!;
  const columns = await world.columns(projectId);
  const { ctx, transact, repeats } = countRepeats();
  const columnIds = columns.map(({ id }) => id);

  const finishAndReopen = async ({ id }: Task, offset: number) => {
    for (let n = 0; n < 3 * ROUNDS; n++) {
      const columnId = columnIds[(n + offset) % 2 ? 4 : 1];
      await moveTask(ctx(), { id, columnId });
    }
  };
  const change = async ({ id }: Task) => {
    for (let n = 0; n < 2 * ROUNDS; n++) await updateTask(ctx(), { id, title: `Title ${n}` });
  };
  const discuss = async ({ id }: Task) => {
    for (let n = 0; n < ROUNDS; n++) {
      await addComment(ctx(), { taskId: id, body: 'Hello' });
      await createTask(ctx(), { projectId, title: 'A subtask', parentId: id });
    }
  };
  const work = async (task: Task) => {
    for (const state of ['DISPATCHING', 'RUNNING', 'SUCCEEDED', 'RUNNING'] as const)
      await transact((tx) => followRun(tx, aRunStep(task, { state }), randomUUID()));
  };
  const waitForAnother = async ({ id: taskId }: Task, { id: blockedById }: Task) => {
    for (let n = 0; n < ROUNDS; n++) {
      await removeDependency(ctx(), { taskId, blockedById });
      await addDependency(ctx(), { taskId, blockedById });
    }
  };
  // All must end before the database is closed, also when one fails.
  const results = await Promise.allSettled([
    ...tasks.map(finishAndReopen),
    ...tasks.map(change),
    ...tasks.map(discuss),
    ...tasks.map(work),
    ...tasks.slice(1).map((blocker, index) => waitForAnother(tasks[index]!, blocker)),
  ]);

  expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(repeats()).toBe(0);
});
