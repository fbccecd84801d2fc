import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVENT_ANSWER_CHARACTERS_MAX } from '../../../schema/events/agents.ts';
import type { ColumnCategory } from '../entities/board-column.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const newTask = async () => world.task({ projectId: await world.project() });

/** A task in the first column of a category. */
async function taskIn(category: ColumnCategory) {
  const task = await newTask();
  return category === 'TODO' ? task : world.moveTo(task, category);
}

describe('a run that begins', () => {
  test('makes its agent the delegate, and moves the task into work when the agent works', async () => {
    const task = await newTask();
    const run = { runId: randomUUID(), agentId: randomUUID() };

    await world.run(task, { ...run, state: 'QUEUED' });
    expect(await world.now(task)).toMatchObject({ delegateId: null, category: 'TODO' });
    await world.run(task, { ...run, state: 'DISPATCHING' });
    expect(await world.now(task)).toMatchObject({ delegateId: run.agentId, category: 'TODO' });
    await world.run(task, { ...run, state: 'RUNNING' });
    expect(await world.now(task)).toMatchObject({ delegateId: run.agentId, category: 'IN_PROGRESS' });
  });

  test.each(['IN_REVIEW', 'DONE'] as const)('moves nothing that is in %s', async (category) => {
    const task = await taskIn(category);

    await world.run(task, { state: 'RUNNING' });

    expect(await world.now(task)).toMatchObject({ category });
  });
});

describe('a run that succeeds', () => {
  test.each([
    ['BACKLOG', 'IN_REVIEW'],
    ['TODO', 'IN_REVIEW'],
    ['IN_PROGRESS', 'IN_REVIEW'],
    ['DONE', 'DONE'],
  ] as const)('moves its task from %s to %s', async (before, after) => {
    const task = await taskIn(before);

    await world.run(task, { state: 'SUCCEEDED', answer: 'Here are the notes' });

    expect(await world.now(task)).toMatchObject({ category: after });
  });

  test('says the answer as the agent, and names the run as the cause of the move', async () => {
    const task = await newTask();

    const { runId, agentId } = await world.run(task, { state: 'SUCCEEDED', answer: 'Here are the notes' });

    const query = `query ($id: ID!) { task(id: $id) { comments { nodes {
      body author { __typename id } run { id } } } } }`;
    const { data } = await world.ask(world.member, query, { id: task.id });
    expect(data.task.comments.nodes).toEqual([
      { body: 'Here are the notes', author: { __typename: 'Agent', id: agentId }, run: { id: runId } },
    ]);
    expect((await world.changes(task)).at(-1)).toMatchObject({
      field: 'column',
      to: 'In review',
      actorKind: 'Agent',
      actorId: agentId,
      runId,
    });
    expect(await world.published(task.projectId)).toContainEqual(
      expect.objectContaining({
        type: 'tasks.comment-added.v1',
        authorName: 'Writer',
        body: 'Here are the notes',
      }),
    );
  });

  test('without an answer says so', async () => {
    const task = await newTask();

    await world.run(task, { state: 'SUCCEEDED', answer: ' ' });

    expect(await world.comments(task)).toMatchObject([{ body: 'The run finished without an answer.' }]);
  });

  test('with an answer that was cut says where the whole one is', async () => {
    const task = await newTask();
    const answer = 'x'.repeat(EVENT_ANSWER_CHARACTERS_MAX);

    await world.run(task, { state: 'SUCCEEDED', answer: answer.slice(1) });
    await world.run(task, { state: 'SUCCEEDED', answer });

    const [whole, cut] = await world.comments(task);
    expect(whole?.body).toBe(answer.slice(1));
    expect(cut?.body).toMatch(/^x+\n\n_The comment ends here; the whole answer is at the run._$/);
  });
});

describe('a run that ends otherwise', () => {
  test.each([
    ['FAILED', 'The run failed: the model is away'],
    ['TIMED_OUT', 'The run did not end in time: the model is away'],
    ['CANCELED', 'The run was canceled: the model is away'],
    ['EXPIRED', 'The run waited too long: the model is away'],
  ] as const)('as %s says why and moves nothing', async (state, body) => {
    const task = await taskIn('IN_PROGRESS');

    await world.run(task, { state, failureMessage: 'the model is away' });

    expect(await world.comments(task)).toMatchObject([{ body }]);
    expect(await world.now(task)).toMatchObject({ category: 'IN_PROGRESS', version: task.version });
  });

  test('every question of a run is a comment', async () => {
    const task = await newTask();
    const runId = randomUUID();

    await world.run(task, { runId, state: 'INPUT_REQUIRED', question: 'Which version?' });
    await world.run(task, { runId, state: 'INPUT_REQUIRED', question: 'For whom?' });

    const comments = await world.comments(task);
    expect(comments.map(({ body }) => body)).toEqual(['Which version?', 'For whom?']);
  });
});

describe('a step that is heard of twice', () => {
  test('says nothing twice, and does not undo what a person did since', async () => {
    const task = await newTask();
    const run = { runId: randomUUID(), agentId: randomUUID() };
    await world.run(task, { ...run, state: 'RUNNING' });
    await world.run(task, { ...run, state: 'SUCCEEDED', answer: 'Done' });
    await world.moveTo(task, 'TODO');
    const before = [await world.now(task), await world.history(task), await world.published(task.projectId)];

    await world.repeatEvents(task.projectId);

    expect([await world.now(task), await world.history(task), await world.published(task.projectId)]).toEqual(
      before,
    );
    expect(await world.comments(task)).toHaveLength(1);
  });
});

test('an archived task is commented on and stays as it is', async () => {
  const task = await newTask();
  const { version } = await archiveTask(world.ctx(), { id: task.id });

  await world.run(task, { state: 'SUCCEEDED', answer: 'Too late' });

  expect(await world.comments(task)).toMatchObject([{ body: 'Too late' }]);
  expect(await world.now(task)).toMatchObject({ version, delegateId: null });
});

test('a run on a task that this subgraph does not have holds nothing up', async () => {
  const task = await newTask();
  const stranger = Object.assign(Object.create(task), { id: randomUUID() });

  await world.run(stranger, { state: 'SUCCEEDED', answer: 'For nobody' });
  await world.run(task, { state: 'SUCCEEDED', answer: 'For you' });

  expect(await world.comments(task)).toHaveLength(1);
});
