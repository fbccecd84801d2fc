import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld, person } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
let task: Task;
beforeAll(async () => {
  world = await openWorld();
  task = await world.task({ projectId: await world.project() });
});
afterAll(() => world.close());

const ABSENT = '00000000-0000-7000-8000-000000000001';

/** Every way to write, on a task. */
const WRITES: [string, (ctx: TasksContext, id: string) => Promise<unknown>][] = [
  ['taskUpdate', (ctx, id) => updateTask(ctx, { id, title: 'Mine' })],
  ['taskMove', (ctx, id) => moveTask(ctx, { id, columnId: task.columnId })],
  ['taskArchive', (ctx, id) => archiveTask(ctx, { id })],
  ['commentAdd', (ctx, taskId) => addComment(ctx, { taskId, body: 'Hello' })],
  ['dependencyAdd', (ctx, taskId) => addDependency(ctx, { taskId, blockedById: taskId })],
  ['dependencyRemove', (ctx, taskId) => removeDependency(ctx, { taskId, blockedById: taskId })],
];

describe.each(WRITES)('%s', (_name, write) => {
  test('looks to a stranger as if the task did not exist', async () => {
    const eve = person('Eve');

    for (const id of [task.id, ABSENT, 'not-an-id']) {
      await expect(write(world.as(eve), id)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `Task ${id} does not exist`,
      });
    }
  });

  test('is FORBIDDEN to a viewer', async () => {
    const viewer = await world.joined(task.projectId, 'VIEWER');

    await expect(write(world.as(viewer), task.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

test('a task is created by members only', async () => {
  const viewer = await world.joined(task.projectId, 'VIEWER');
  const input = { projectId: task.projectId, title: 'Mine' };

  await expect(createTask(world.as(viewer), input)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(createTask(world.as(person('Eve')), input)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `Project ${task.projectId} does not exist`,
  });
});

describe('reading', () => {
  const READ = `query ($id: ID!, $ref: String!, $projectId: ID!) {
    byId: task(id: $id) { title } byRef: task(ref: $ref) { title }
    _entities(representations: [{ __typename: "Task", id: $id }, { __typename: "Project", id: $projectId }]) {
      ... on Task { title } ... on Project { columns { name } } } }`;

  test('a stranger finds nothing, by whatever way', async () => {
    const { id, ref, projectId } = task;

    const { data } = await world.ask(person('Eve'), READ, { id, ref, projectId });

    expect(data).toEqual({ byId: null, byRef: null, _entities: [null, null] });
  });

  test('a viewer finds everything', async () => {
    const { id, ref, projectId, title } = task;
    const viewer = await world.joined(projectId, 'VIEWER');

    const { data } = await world.ask(viewer, READ, { id, ref, projectId });

    expect(data).toMatchObject({ byId: { title }, byRef: { title }, _entities: [{ title }, {}] });
    expect(data._entities[1].columns).toHaveLength(5);
  });
});
