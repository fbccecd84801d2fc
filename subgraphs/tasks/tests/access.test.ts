import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aPerson } from '../../../platform/testing/actors.ts';
import type { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { anAgent, openWorld, type World } from './world.ts';

let world: World;
let task: Task;
beforeAll(async () => {
  world = await openWorld();
  task = await world.task({ projectId: await world.project() });
});
afterAll(() => world.close());

const ABSENT = '00000000-0000-7000-8000-000000000001';

/** Every mutation of a task. */
const MUTATIONS: [string, (ctx: TasksContext, id: string) => Promise<unknown>][] = [
  ['taskUpdate', (ctx, id) => updateTask(ctx, { id, title: 'Mine' })],
  ['taskMove', (ctx, id) => moveTask(ctx, { id, columnId: task.columnId })],
  ['taskArchive', (ctx, id) => archiveTask(ctx, { id })],
  ['commentAdd', (ctx, taskId) => addComment(ctx, { taskId, body: 'Hello' })],
  ['dependencyAdd', (ctx, taskId) => addDependency(ctx, { taskId, blockedById: taskId })],
  ['dependencyRemove', (ctx, taskId) => removeDependency(ctx, { taskId, blockedById: taskId })],
];

describe.each(MUTATIONS)('%s', (_name, mutate) => {
  test('answers a stranger as if the task did not exist', async () => {
    const eve = aPerson('Eve');

    for (const id of [task.id, ABSENT, 'not-an-id']) {
      await expect(mutate(world.as(eve), id)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `Task ${id} does not exist`,
      });
    }
  });

  test('is FORBIDDEN to a viewer', async () => {
    const viewer = await world.joined(task.projectId, 'VIEWER');

    await expect(mutate(world.as(viewer), task.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

test('only members create tasks', async () => {
  const viewer = await world.joined(task.projectId, 'VIEWER');
  const input = { projectId: task.projectId, title: 'Mine' };

  await expect(createTask(world.as(viewer), input)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(createTask(world.as(aPerson('Eve')), input)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `Project ${task.projectId} does not exist`,
  });
});

describe('an agent in a run', () => {
  test('does what its person may do, and history, comments and events name the agent and the run', async () => {
    const { projectId } = task;
    const agent = anAgent(world.member, projectId);
    const ctx = world.as(agent);

    const created = await createTask(ctx, { projectId, title: 'Find the cause' });
    await updateTask(ctx, { id: created.id, priority: 'HIGH' });
    await addComment(ctx, { taskId: created.id, body: 'Found it' });

    const byAgent = { actorKind: 'Agent', actorId: agent.id, runId: agent.runId };
    expect(await world.changes(created)).toMatchObject([byAgent, byAgent]);
    expect(await world.comments(created)).toMatchObject([
      { authorKind: 'Agent', authorId: agent.id, runId: agent.runId },
    ]);
    const { id, runId } = agent;
    const events = (await world.events(projectId)).slice(-3);
    expect(events.map(({ actor }) => actor)).toEqual(
      Array(3).fill({ kind: 'agent', id, runId, personId: world.member.id }),
    );
  });

  test('reports tasks in the name of its person', async () => {
    const { projectId } = task;

    const created = await createTask(world.as(anAgent(world.member, projectId)), {
      projectId,
      title: 'Find the cause',
    });

    expect(created.reporterId).toBe(world.member.id);
  });

  test('finds no task outside the project of its run', async () => {
    const agent = anAgent(world.member, await world.project());

    await expect(updateTask(world.as(agent), { id: task.id, title: 'Mine' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('reading', () => {
  const READ = `query ($id: ID!, $ref: String!, $projectId: ID!) {
    byId: task(id: $id) { title } byRef: task(ref: $ref) { title }
    _entities(representations: [{ __typename: "Task", id: $id }, { __typename: "Project", id: $projectId }]) {
      ... on Task { title } ... on Project { columns { name } } } }`;

  test('gives a stranger nothing, on every path', async () => {
    const { id, ref, projectId } = task;

    const { data } = await world.ask(aPerson('Eve'), READ, { id, ref, projectId });

    expect(data).toEqual({ byId: null, byRef: null, _entities: [null, null] });
  });

  test('gives a viewer everything', async () => {
    const { id, ref, projectId, title } = task;
    const viewer = await world.joined(projectId, 'VIEWER');

    const { data } = await world.ask(viewer, READ, { id, ref, projectId });

    expect(data).toMatchObject({ byId: { title }, byRef: { title }, _entities: [{ title }, {}] });
    expect(data._entities[1].columns).toHaveLength(5);
  });
});
