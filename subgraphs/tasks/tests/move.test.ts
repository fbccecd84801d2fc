import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Task } from '../entities/task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A board with `count` tasks in the column To do, and the ids of its columns To do and Done. */
async function board(count: number) {
  const projectId = await world.project();
  await world.subgraph.catchUp();
  const tasks: Task[] = [];
  for (let i = 0; i < count; i++) tasks.push(await world.task({ projectId }));
  const columns = await world.columns(projectId);
  return { projectId, tasks, todo: columns[1]!.id, done: columns[4]!.id };
}

const move = (task: Task | undefined, columnId: string, neighbours: Record<string, unknown> = {}) =>
  moveTask(world.ctx(), { id: task?.id, columnId, ...neighbours });

describe('moving a task', () => {
  test('puts it before or after another one, between two, or at the end', async () => {
    const { tasks, todo } = await board(4);
    const [a, b, c, d] = tasks;
    const ids = (...order: (Task | undefined)[]) => order.map((task) => task?.id);

    await move(d, todo, { beforeTaskId: a?.id });
    expect(await world.order(todo)).toEqual(ids(d, a, b, c));
    await move(c, todo, { afterTaskId: d?.id });
    expect(await world.order(todo)).toEqual(ids(d, c, a, b));
    await move(b, todo, { afterTaskId: c?.id, beforeTaskId: a?.id });
    expect(await world.order(todo)).toEqual(ids(d, c, b, a));
    await move(d, todo);
    expect(await world.order(todo)).toEqual(ids(c, b, a, d));
  });

  test('concurrent moves to the same place all succeed, with different ranks', async () => {
    const { tasks, todo, done } = await board(12);
    const [target, ...others] = tasks;
    await move(target, done);

    const moved = await Promise.all(others.map((task) => move(task, done, { beforeTaskId: target?.id })));

    expect(new Set(moved.map(({ rank }) => rank)).size).toBe(11);
    expect((await world.order(done)).at(-1)).toBe(target?.id);
    expect(await world.order(todo)).toEqual([]);
  });

  test('the database refuses two tasks with one rank in a column', async () => {
    const { tasks } = await board(2);

    await expect(
      world.em().execute('update tasks.task set rank = ? where id = ?', [tasks[0]?.rank, tasks[1]?.id]),
    ).rejects.toThrow(/task_rank_unique/);
  });

  test('a neighbour in another column, the task itself as a neighbour, or neighbours in the wrong order are INVALID', async () => {
    const { tasks, todo, done } = await board(3);
    const [a, b, c] = tasks;
    await move(c, done);

    const wrong = { code: 'INVALID', field: ['input', 'afterTaskId'] };
    await expect(move(a, todo, { afterTaskId: c?.id })).rejects.toMatchObject(wrong);
    await expect(move(a, todo, { afterTaskId: a?.id })).rejects.toMatchObject(wrong);
    await expect(move(c, todo, { afterTaskId: b?.id, beforeTaskId: a?.id })).rejects.toMatchObject(wrong);
  });

  test('to a column of another board is NOT_FOUND', async () => {
    const other = await board(0);
    const { tasks } = await board(1);

    await expect(move(tasks[0], other.todo)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: ['input', 'columnId'],
    });
  });

  test('to the place where it is changes nothing', async () => {
    const { projectId, tasks, todo } = await board(1);

    expect(await move(tasks[0], todo)).toMatchObject({ version: 1 });
    expect(await world.published(projectId)).toHaveLength(1);
  });
});

test('after any moves, the order that is shown is the order that the moves asked for', async () => {
  const TASKS = 5;
  const index = fc.nat(TASKS - 1);
  const step = fc.record({
    task: index,
    column: fc.constantFrom('todo', 'done'),
    place: fc.constantFrom('before', 'after', 'end'),
    neighbour: index,
  });
  const { tasks, ...columns } = await board(TASKS);
  const shown = async () => ({
    todo: await world.order(columns.todo),
    done: await world.order(columns.done),
  });

  const check = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
    const expected = await shown();
    for (const { task, column, place, neighbour } of steps) {
      const [id, near] = [tasks[task]!.id, tasks[neighbour]!.id];
      const isPossible = place === 'end' || (id !== near && expected[column as 'todo'].includes(near));
      if (!isPossible) continue;
      expected.todo = expected.todo.filter((each) => each !== id);
      expected.done = expected.done.filter((each) => each !== id);
      const list = expected[column as 'todo'];
      const at = place === 'end' ? list.length : list.indexOf(near) + (place === 'after' ? 1 : 0);
      list.splice(at, 0, id);
      const neighbours = place === 'end' ? {} : { [`${place}TaskId`]: near };
      await move(tasks[task], columns[column as 'todo'], neighbours);
    }
    expect(await shown()).toEqual(expected);
  });

  await fc.assert(check, { numRuns: 20 });
});
