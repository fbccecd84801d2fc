import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeGrant } from '../../../platform/identity/grants.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('updating a task', () => {
  test('raises the version and changes only the named fields', async () => {
    const projectId = await world.project();
    const { id } = await world.task({ projectId, description: 'For 1.0', priority: 'LOW' });

    const task = await updateTask(world.ctx(), { id, title: 'Second', description: null });

    expect(task).toMatchObject({ version: 2, title: 'Second', description: null, priority: 'LOW' });
    expect((await world.published(projectId)).at(-1)).toMatchObject({
      title: 'Second',
      changedFields: ['title', 'description'],
    });
  });

  test('to the values it has raises no version and writes no history and no event', async () => {
    const projectId = await world.project();
    const task = await world.task({ projectId });

    expect(await updateTask(world.ctx(), { id: task.id, title: task.title })).toMatchObject({ version: 1 });
    expect(await world.history(task)).toHaveLength(1);
    expect(await world.published(projectId)).toHaveLength(1);
  });

  test.each([
    ['updated', (id: string) => updateTask(world.ctx(), { id, title: 'Third', expectedVersion: 1 })],
    ['archived', (id: string) => archiveTask(world.ctx(), { id, expectedVersion: 1 })],
    [
      'moved',
      async (id: string) => {
        const { columnId } = await world.now({ id });
        return moveTask(world.ctx(), { id, columnId, expectedVersion: 1 });
      },
    ],
  ])(
    'a task that is %s from an older version is VERSION_CONFLICT, with the task as it is stored',
    async (_how, change) => {
      const { id } = await world.task({ projectId: await world.project() });
      await updateTask(world.ctx(), { id, title: 'Second', expectedVersion: 1 });

      await expect(change(id)).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
        current: { task: { title: 'Second', version: 2 } },
      });
    },
  );

  test('of ten concurrent changes from one version, one succeeds', async () => {
    const { id } = await world.task({ projectId: await world.project() });

    const changes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        updateTask(world.ctx(), { id, title: `Title ${n}`, expectedVersion: 1 }),
      ),
    );

    const refused = changes.filter((change) => change.status === 'rejected');
    expect(refused).toHaveLength(9);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'VERSION_CONFLICT' });
    expect(await world.now({ id })).toMatchObject({ version: 2 });
  });

  test('ten concurrent changes without a version all succeed', async () => {
    const { id } = await world.task({ projectId: await world.project() });

    await Promise.all(
      Array.from({ length: 10 }, (_, n) => updateTask(world.ctx(), { id, title: `Title ${n}` })),
    );

    expect(await world.now({ id })).toMatchObject({ version: 11 });
  });

  test('only a member of the project can become the assignee', async () => {
    const projectId = await world.project();
    const { id } = await world.task({ projectId });
    const bob = await world.joined(projectId, 'VIEWER');

    expect(await updateTask(world.ctx(), { id, assigneeId: bob.id })).toMatchObject({ assigneeId: bob.id });
    await expect(
      updateTask(world.ctx(), { id, assigneeId: '00000000-0000-7000-8000-000000000001' }),
    ).rejects.toMatchObject({ code: 'INVALID', field: ['input', 'assigneeId'] });
  });

  test('a form that is saved whole is accepted although its assignee has left', async () => {
    const projectId = await world.project();
    const { id } = await world.task({ projectId });
    const bob = await world.joined(projectId, 'MEMBER');
    await updateTask(world.ctx(), { id, assigneeId: bob.id });
    await removeGrant(world.em(), projectScope(projectId), bob.id);

    const form = {
      id,
      title: 'Second',
      description: null,
      priority: 'LOW',
      checklist: [],
      assigneeId: bob.id,
    };

    expect(await updateTask(world.ctx(), form)).toMatchObject({ title: 'Second', assigneeId: bob.id });
    await updateTask(world.ctx(), { id, assigneeId: null });
    await expect(updateTask(world.ctx(), form)).rejects.toMatchObject({ code: 'INVALID' });
  });

  test('the payload of a move shows the board after the move', async () => {
    const projectId = await world.project();
    const { id } = await world.task({ projectId });
    const { id: columnId } = (await world.columns(projectId))[4]!;

    const document = `mutation ($id: ID!, $columnId: ID!) { taskMove(input: { id: $id, columnId: $columnId }) {
      task { category column { tasks { nodes { id category version } } } } userErrors { code } } }`;
    const { data } = await world.ask(world.member, document, { id, columnId });

    expect(data.taskMove).toEqual({
      task: { category: 'DONE', column: { tasks: { nodes: [{ id, category: 'DONE', version: 2 }] } } },
      userErrors: [],
    });
  });
});

describe('archiving a task', () => {
  test('takes it off the board and keeps its history; a repeat changes nothing', async () => {
    const projectId = await world.project();
    const task = await world.task({ projectId });

    await archiveTask(world.ctx(), { id: task.id });
    await archiveTask(world.ctx(), { id: task.id, expectedVersion: 1 });

    expect(await world.order(task.columnId)).toEqual([]);
    expect((await world.history(task)).map(([field]) => field)).toEqual(['column', 'archivedAt']);
    expect((await world.published(projectId)).map(({ type }) => type)).toEqual([
      'tasks.task-changed.v1',
      'tasks.task-removed.v1',
    ]);
  });

  test('refuses further changes', async () => {
    const { id } = await world.task({ projectId: await world.project() });
    await archiveTask(world.ctx(), { id });

    await expect(updateTask(world.ctx(), { id, title: 'Late' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });
});
