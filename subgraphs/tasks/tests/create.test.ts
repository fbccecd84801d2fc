import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kind, type ObjectTypeDefinitionNode } from 'graphql';
import { subgraphSdl } from '../../../schema/sdl.ts';
import { TASK_FIELDS } from '../operations/task/create-task.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the numbers of tasks', () => {
  test('50 creations at once give 1 to 50, each once', async () => {
    const projectId = await world.project();

    const tasks = await Promise.all(Array.from({ length: 50 }, () => world.task({ projectId })));

    const numbers = tasks.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(new Set(tasks.map(({ rank }) => rank)).size).toBe(50);
  });

  test('a creation that is refused uses no number up', async () => {
    const projectId = await world.project();
    await world.task({ projectId });
    await expect(world.task({ projectId, parentId: 'no-such-task' })).rejects.toThrow();

    expect(await world.task({ projectId })).toMatchObject({ number: 2 });
  });

  test('the ref is the key and the number, and is found in small letters, too', async () => {
    const { id, ref } = await world.task({ projectId: await world.project() });

    const query = 'query ($ref: String) { task(ref: $ref) { id ref } }';
    const { data } = await world.ask(world.member, query, { ref: ref.toLowerCase() });

    expect(ref).toMatch(/^P\d+-1$/);
    expect(data.task).toEqual({ id, ref });
  });
});

describe('a new task', () => {
  test('stands at the end of the first column of category TODO, reported by the viewer', async () => {
    const projectId = await world.project();
    const first = await world.task({ projectId });

    const second = await world.task({ projectId });

    expect(await world.now(second)).toMatchObject({
      category: 'TODO',
      priority: 'NONE',
      version: 1,
      reporterId: world.member.id,
    });
    expect(await world.order(second.columnId)).toEqual([first.id, second.id]);
  });

  test('is told to everybody with all that other subgraphs need, and all its fields have changed', async () => {
    const projectId = await world.project();
    const { id, ref } = await world.task({
      projectId,
      description: 'For 1.0',
      checklist: [{ text: 'It is short', isDone: false }],
    });

    expect(await world.published(projectId)).toEqual([
      {
        type: 'tasks.task-changed.v1',
        taskId: id,
        projectId,
        ref,
        title: 'Write the release notes',
        description: 'For 1.0',
        category: 'TODO',
        checklist: [{ text: 'It is short', isDone: false }],
        openBlockerRefs: [],
        changedFields: TASK_FIELDS,
      },
    ]);
  });

  test('the fields that a creation names are those of the schema', () => {
    const task = subgraphSdl('tasks').definitions.find(
      (definition): definition is ObjectTypeDefinitionNode =>
        definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === 'Task',
    );

    expect(task?.fields?.map(({ name }) => name.value).sort()).toEqual([...TASK_FIELDS].sort());
  });

  test('a repeat with the same idempotency key gives the same task, another input is refused', async () => {
    const projectId = await world.project();
    const request = { projectId, title: 'Once', idempotencyKey: 'click' };

    const tasks = await Promise.all([1, 2, 3].map(() => world.task(request)));

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
    await expect(world.task({ ...request, title: 'Twice' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test.each([
    ['title', { title: '  ' }],
    ['title', { title: 'x'.repeat(201) }],
    ['description', { description: 'x'.repeat(20_001) }],
    ['priority', { priority: 'SOMETIME' }],
    ['assigneeId', { assigneeId: '00000000-0000-7000-8000-000000000001' }],
    ['assigneeId', { assigneeId: 'Bob' }],
    ['parentId', { parentId: '00000000-0000-7000-8000-000000000001' }],
    ['checklist', { checklist: Array(101).fill({ text: 'x', isDone: false }) }],
  ])('a wrong %s is INVALID and named', async (field, input) => {
    const projectId = await world.project();
    await expect(world.task({ projectId, ...input })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', field],
    });
  });
});

describe('the parts of a task', () => {
  test('are listed by number and counted without canceled and archived ones', async () => {
    const projectId = await world.project();
    const parent = await world.task({ projectId });
    const parts = [];
    for (let i = 0; i < 4; i++) parts.push(await world.task({ projectId, parentId: parent.id }));
    await world.moveTo(parts[1]!, 'DONE');
    const archive = 'mutation ($id: ID!) { taskArchive(input: { id: $id }) { userErrors { code } } }';
    await world.ask(world.member, archive, { id: parts[3]!.id });

    const query = `query ($id: ID!) { task(id: $id) {
      subtaskProgress { done total } subtasks { nodes { number parent { id } } } } }`;
    const { data } = await world.ask(world.member, query, { id: parent.id });

    expect(data.task).toEqual({
      subtaskProgress: { done: 1, total: 3 },
      subtasks: { nodes: [2, 3, 4].map((number) => ({ number, parent: { id: parent.id } })) },
    });
  });

  test('a parent in another project is INVALID', async () => {
    const parent = await world.task({ projectId: await world.project() });

    await expect(world.task({ projectId: await world.project(), parentId: parent.id })).rejects.toMatchObject(
      { code: 'INVALID', field: ['input', 'parentId'] },
    );
  });
});
