import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Task } from '../entities/task.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Everything that Jest's fake timers replace besides the clock. */
const TIMERS = [
  ...([
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
  ] as const),
  ...(['nextTick', 'queueMicrotask', 'hrtime', 'performance'] as const),
];

async function tasks(count: number): Promise<Task[]> {
  const projectId = await world.project();
  return Promise.all(Array.from({ length: count }, () => world.task({ projectId })));
}

const addBlocker = (task: Task, blocker: Task) =>
  addDependency(world.ctx(), { taskId: task.id, blockedById: blocker.id });

/** The refs of the tasks that block a task, as published, one list for each event. */
const publishedBlockers = async (task: Task) => {
  const events = await world.published(task.projectId);
  return events.filter(({ taskId }) => taskId === task.id).map(({ openBlockerRefs }) => openBlockerRefs);
};

const READ_BLOCKERS = `query ($id: ID!) { task(id: $id) { isBlocked
  open: blockedBy { nodes { ref } } all: blockedBy(openOnly: false) { nodes { ref } } } }`;

describe('a task that waits for another one', () => {
  test('is blocked until the other one is done, and again when that one is reopened', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];

    await addBlocker(task, blocker);
    await world.moveTo(blocker, 'DONE');
    const whenDone = await world.ask(world.member, READ_BLOCKERS, { id: task.id });
    await world.moveTo(blocker, 'IN_PROGRESS');
    const whenReopened = await world.ask(world.member, READ_BLOCKERS, { id: task.id });

    const nodes = [{ ref: blocker.ref }];
    expect(whenDone.data.task).toEqual({ isBlocked: false, open: { nodes: [] }, all: { nodes } });
    expect(whenReopened.data.task).toEqual({ isBlocked: true, open: { nodes }, all: { nodes } });
    expect(await publishedBlockers(task)).toEqual([[], [blocker.ref], [], [blocker.ref]]);
  });

  test('is not blocked any more when the other one is archived', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await addBlocker(task, blocker);

    await archiveTask(world.ctx(), { id: blocker.id });

    expect((await publishedBlockers(task)).at(-1)).toEqual([]);
  });

  test('is not published when the other one stays unfinished', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await addBlocker(task, blocker);
    const before = (await publishedBlockers(task)).length;

    await world.moveTo(blocker, 'IN_REVIEW');

    expect(await publishedBlockers(task)).toHaveLength(before);
  });

  test('has no event with a former title, even while the other one is finished and reopened', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    await addBlocker(task, blocker);
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

describe('adding and removing a dependency', () => {
  test('both raise the version and write a line of history; repeats change nothing', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    const pair = { taskId: task.id, blockedById: blocker.id };

    await Promise.all([1, 2, 3].map(() => addDependency(world.ctx(), pair)));
    for (let i = 0; i < 2; i++) await removeDependency(world.ctx(), pair);

    expect(await world.now(task)).toMatchObject({ version: 3 });
    expect((await world.history(task)).slice(1)).toEqual([
      ['blockedBy', null, blocker.ref],
      ['blockedBy', blocker.ref, null],
    ]);
    expect(await publishedBlockers(task)).toEqual([[], [blocker.ref], []]);
  });

  test('both raise the version, even in the millisecond of the change before', async () => {
    const [task, blocker] = (await tasks(2)) as [Task, Task];
    const pair = { taskId: task.id, blockedById: blocker.id };
    jest.useFakeTimers({ now: Date.now(), doNotFake: TIMERS });
    try {
      await updateTask(world.ctx(), { id: task.id, title: 'Second' });
      await addDependency(world.ctx(), pair);
      await removeDependency(world.ctx(), pair);
    } finally {
      jest.useRealTimers();
    }

    expect(await world.now(task)).toMatchObject({ version: 4 });
  });

  test('a cycle of any length is INVALID', async () => {
    const [a, b, c] = (await tasks(3)) as [Task, Task, Task];
    await addBlocker(a, b);
    await addBlocker(b, c);

    const cycle = { code: 'INVALID', field: ['input', 'blockedById'] };
    await expect(addBlocker(c, a)).rejects.toMatchObject(cycle);
    await expect(addBlocker(a, a)).rejects.toMatchObject(cycle);
  });

  test('two dependencies that are added at once never form a cycle together', async () => {
    for (let i = 0; i < 5; i++) {
      const [a, b] = (await tasks(2)) as [Task, Task];

      const added = await Promise.allSettled([addBlocker(a, b), addBlocker(b, a)]);

      expect(added.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  test('a dependency on a task of another project is INVALID', async () => {
    const [[task], [other]] = [await tasks(1), await tasks(1)];

    await expect(addBlocker(task!, other!)).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'blockedById'],
    });
  });
});

test('the pages of blockers are in the order of their numbers, and show each once', async () => {
  const [task, ...blockers] = await tasks(5);
  const byNumber = blockers.toSorted((a, b) => a.number - b.number);
  for (const blocker of byNumber.toReversed()) await addBlocker(task!, blocker);
  await world.moveTo(byNumber[1]!, 'DONE');

  const query = `query ($id: ID!, $openOnly: Boolean, $after: String) { task(id: $id) {
    blockedBy(first: 2, openOnly: $openOnly, after: $after) {
      nodes { ref } pageInfo { hasNextPage endCursor } } } }`;
  const readAll = async (openOnly: boolean) => {
    const refs: string[] = [];
    for (let after: string | null = null; ; ) {
      const { data } = await world.ask(world.member, query, { id: task!.id, openOnly, after });
      const { nodes, pageInfo } = data.task.blockedBy;
      refs.push(...nodes.map(({ ref }: { ref: string }) => ref));
      if (!pageInfo.hasNextPage) return refs;
      after = pageInfo.endCursor;
    }
  };

  const refs = byNumber.map(({ ref }) => ref);
  expect(await readAll(false)).toEqual(refs);
  expect(await readAll(true)).toEqual(refs.filter((ref) => ref !== byNumber[1]!.ref));
});
