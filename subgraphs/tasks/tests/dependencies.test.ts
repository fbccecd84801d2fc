import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Task } from '../entities/task.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function tasks(count: number): Promise<Task[]> {
  const projectId = await world.project();
  return Promise.all(Array.from({ length: count }, () => world.task({ projectId })));
}

const waits = (task: Task, blocker: Task) =>
  addDependency(world.ctx(), { taskId: task.id, blockedById: blocker.id });

/** The refs for which a task waited, as the events told, one entry for each event. */
const told = async (task: Task) => {
  const events = await world.published(task.projectId);
  return events.filter(({ taskId }) => taskId === task.id).map(({ openBlockerRefs }) => openBlockerRefs);
};

const BLOCKERS = `query ($id: ID!) { task(id: $id) { isBlocked
  open: blockedBy { nodes { ref } } all: blockedBy(openOnly: false) { nodes { ref } } } }`;

describe('a task that waits for another one', () => {
  test('is blocked until that one is done, and again when it is reopened', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];

    await waits(task, blocker);
    await world.moveTo(blocker, 'DONE');
    const whenDone = await world.ask(world.member, BLOCKERS, { id: task.id });
    await world.moveTo(blocker, 'IN_PROGRESS');
    const whenReopened = await world.ask(world.member, BLOCKERS, { id: task.id });

    const nodes = [{ ref: blocker.ref }];
    expect(whenDone.data.task).toEqual({ isBlocked: false, open: { nodes: [] }, all: { nodes } });
    expect(whenReopened.data.task).toEqual({ isBlocked: true, open: { nodes }, all: { nodes } });
    expect(await told(task)).toEqual([[], [blocker.ref], [], [blocker.ref]]);
  });

  test('is free when that one is archived', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await waits(task, blocker);

    await archiveTask(world.ctx(), { id: blocker.id });

    expect((await told(task)).at(-1)).toEqual([]);
  });

  test('is told of only when its waiting changes', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await waits(task, blocker);
    const before = (await told(task)).length;

    await world.moveTo(blocker, 'IN_REVIEW');

    expect(await told(task)).toHaveLength(before);
  });

  test('no event goes back to an older title, even when the blocker is finished at the same time', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await waits(task, blocker);
    const rename = async () => {
      for (let n = 1; n <= 30; n++) await updateTask(world.ctx(), { id: task.id, title: `${n}` });
    };
    const finishAndReopen = async () => {
      for (let n = 0; n < 10; n++) await world.moveTo(blocker, n % 2 ? 'TODO' : 'DONE');
    };

    await Promise.all([rename(), finishAndReopen()]);

    const events = (await world.published(task.projectId)).filter(({ taskId }) => taskId === task.id);
    const titles = events.map(({ title }) => Number(title)).filter((title) => title > 0);
    expect(titles.length).toBeGreaterThan(30);
    expect(titles).toEqual(titles.toSorted((a, b) => a - b));
  });
});

describe('adding and removing', () => {
  test('both raise the version and leave a line; repeats change nothing', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    const pair = { taskId: task.id, blockedById: blocker.id };

    await Promise.all([1, 2, 3].map(() => addDependency(world.ctx(), pair)));
    for (let i = 0; i < 2; i++) await removeDependency(world.ctx(), pair);

    expect(await world.now(task)).toMatchObject({ version: 3 });
    expect((await world.history(task)).slice(1)).toEqual([
      ['blockedBy', null, blocker.ref],
      ['blockedBy', blocker.ref, null],
    ]);
    expect(await told(task)).toEqual([[], [blocker.ref], []]);
  });

  test('a circle is INVALID, however long it is', async () => {
    const [a, b, c] = (await tasks(3)) as [Task, Task, Task];
    await waits(a, b);
    await waits(b, c);

    const circle = { code: 'INVALID', field: ['input', 'blockedById'] };
    await expect(waits(c, a)).rejects.toMatchObject(circle);
    await expect(waits(a, a)).rejects.toMatchObject(circle);
  });

  test('two dependencies added at once never close a circle together', async () => {
    for (let i = 0; i < 5; i++) {
      const [a, b] = (await tasks(2)) as [Task, Task];

      const added = await Promise.allSettled([waits(a, b), waits(b, a)]);

      expect(added.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  test('a task of another project is INVALID', async () => {
    const [[task], [other]] = [await tasks(1), await tasks(1)];

    await expect(waits(task!, other!)).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'blockedById'],
    });
  });
});
