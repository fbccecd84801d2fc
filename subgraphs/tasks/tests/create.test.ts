import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ALL_API_NAMES } from '../entities/task-fields.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the numbers of tasks', () => {
  test('50 concurrent creations get the numbers 1 to 50, each once', async () => {
    const projectId = await world.project();

    const tasks = await Promise.all(Array.from({ length: 50 }, () => world.task({ projectId })));

    const numbers = tasks.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(new Set(tasks.map(({ rank }) => rank)).size).toBe(50);
  });

  test('a refused creation uses no number', async () => {
    const projectId = await world.project();
    await world.task({ projectId });
    await expect(world.task({ projectId, parentId: 'no-such-task' })).rejects.toThrow();

    expect(await world.task({ projectId })).toMatchObject({ number: 2 });
  });

  test('the ref is the key of the project and the number, and is found in lower case too', async () => {
    const { id, ref } = await world.task({ projectId: await world.project() });

    const query = 'query ($ref: String) { task(ref: $ref) { id ref } }';
    const { data } = await world.ask(world.member, query, { ref: ref.toLowerCase() });

    expect(ref).toMatch(/^P\d+-1$/);
    expect(data.task).toEqual({ id, ref });
  });
});

describe('a new task', () => {
  test('is the last one in the first column of category TODO, reported by its creator', async () => {
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

  test('is empty where the input has null or nothing', async () => {
    const projectId = await world.project();

    const task = await world.task({ projectId, description: null, checklist: null, assigneeId: null });

    const empty = { description: null, checklist: [], assigneeId: null, parentId: null };
    expect(await world.now(task)).toMatchObject(empty);
    expect(await world.now(await world.task({ projectId }))).toMatchObject(empty);
  });

  test('is published with everything that other subgraphs need, and with all its fields as changed', async () => {
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
        changedFields: ALL_API_NAMES,
      },
    ]);
  });

  test('a repeat with the same idempotency key returns the same task; with another input it is refused', async () => {
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
  ])('an invalid %s is INVALID, and the error names it', async (field, input) => {
    const projectId = await world.project();
    await expect(world.task({ projectId, ...input })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', field],
    });
  });
});

describe('the subtasks of a task', () => {
  test('are listed by number, and their progress does not count archived ones', async () => {
    const projectId = await world.project();
    const parent = await world.task({ projectId });
    const subtasks = [];
    for (let i = 0; i < 4; i++) subtasks.push(await world.task({ projectId, parentId: parent.id }));
    await world.moveTo(subtasks[1]!, 'DONE');
    await archiveTask(world.ctx(), { id: subtasks[3]!.id });

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
