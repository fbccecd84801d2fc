import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemPart } from '../../../platform/identity/actor.ts';
import { EVENT_ANSWER_CHARACTERS_MAX } from '../../../schema/events/agents.ts';
import type { ColumnCategory } from '../entities/board-column.ts';
import { followRun } from '../operations/run/follow-run.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { aRunStep, openWorld, type World } from './world.ts';

let world: World;
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

describe('a run that starts', () => {
  test('makes its agent the delegate, and moves the task to IN_PROGRESS when the agent works', async () => {
    const task = await newTask();
    const run = { runId: randomUUID(), agentId: randomUUID() };

    await world.run(task, { ...run, state: 'QUEUED' });
    expect(await world.now(task)).toMatchObject({ delegateId: null, category: 'TODO' });
    await world.run(task, { ...run, state: 'DISPATCHING' });
    expect(await world.now(task)).toMatchObject({ delegateId: run.agentId, category: 'TODO' });
    await world.run(task, { ...run, state: 'RUNNING' });
    expect(await world.now(task)).toMatchObject({ delegateId: run.agentId, category: 'IN_PROGRESS' });
  });

  test.each(['IN_REVIEW', 'DONE'] as const)('leaves a task in %s where it is', async (category) => {
    const task = await taskIn(category);

    await world.run(task, { state: 'RUNNING' });

    expect(await world.now(task)).toMatchObject({ category });
  });
});

describe('the card of a task', () => {
  test.each(['QUEUED', 'DISPATCHING', 'RUNNING', 'INPUT_REQUIRED', 'FAILED', 'CANCELED'] as const)(
    'hears once that its run is %s, and a repeat says nothing',
    async (state) => {
      const task = await newTask();
      const ofRun = async () =>
        (await world.published(task.projectId)).filter(
          ({ type, changedFields }) =>
            type === 'tasks.task-changed.v1' && (changedFields as string[]).includes('activeRun'),
        );

      await world.run(task, { state, failureMessage: 'boom' });

      expect(await ofRun()).toHaveLength(1);
    },
  );
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

  test('writes the answer as a comment of the agent, and names the run in the history of the move', async () => {
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

  test('without an answer writes a comment that says so', async () => {
    const task = await newTask();

    await world.run(task, { state: 'SUCCEEDED', answer: ' ' });

    expect(await world.comments(task)).toMatchObject([{ body: 'The run finished without an answer.' }]);
  });

  test('with an answer that was cut writes where the whole answer is', async () => {
    const task = await newTask();
    const answer = 'x'.repeat(EVENT_ANSWER_CHARACTERS_MAX);

    await world.run(task, { state: 'SUCCEEDED', answer: answer.slice(1) });
    await world.run(task, { state: 'SUCCEEDED', answer });

    const [whole, cut] = await world.comments(task);
    expect(whole?.body).toBe(answer.slice(1));
    expect(cut?.body).toMatch(/^x+\n\n_The comment ends here; the whole answer is at the run._$/);
  });
});

describe('a run that ends without success', () => {
  test.each([
    ['FAILED', 'The run failed: the model is away'],
    ['TIMED_OUT', 'The run did not end in time: the model is away'],
    ['CANCELED', 'The run was canceled: the model is away'],
    ['EXPIRED', 'The run waited too long: the model is away'],
  ] as const)('as %s writes the reason and moves nothing', async (state, body) => {
    const task = await taskIn('IN_PROGRESS');

    await world.run(task, { state, failureMessage: 'the model is away' });

    expect(await world.comments(task)).toMatchObject([{ body }]);
    expect(await world.now(task)).toMatchObject({ category: 'IN_PROGRESS', version: task.version });
  });

  test('an answer that may hold a question says so in its comment', async () => {
    const task = await newTask();

    await world.run(task, { state: 'SUCCEEDED', answer: 'Done.', possibleQuestion: 'Which one?' });

    const [comment] = await world.comments(task);
    expect(comment?.body).toMatch(/^Done\.\n\n_This may be a question to you\. .*_ Which one\?$/);
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

describe('a repeated event of a step', () => {
  test('writes no second comment, and does not undo what a person has done since', async () => {
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

test('the effects of a run are published in the name of its agent and of the person who asked for the run', async () => {
  const task = await newTask();
  const step = aRunStep(task, { state: 'SUCCEEDED', answer: 'Done', requestedBy: world.member.id });

  await world.subgraph.transact(systemPart('tasks.tests'), (tx) => followRun(tx, step, randomUUID()));

  const events = (await world.events(task.projectId)).slice(-2);
  const { agentId, runId } = step;
  expect(events.map(({ actor }) => actor)).toEqual(
    Array(2).fill({ kind: 'agent', id: agentId, runId, personId: world.member.id }),
  );
});

test('a run on an archived task writes its comment and changes nothing', async () => {
  const task = await newTask();
  const { version } = await archiveTask(world.ctx(), { id: task.id });

  await world.run(task, { state: 'SUCCEEDED', answer: 'Too late' });

  expect(await world.comments(task)).toMatchObject([{ body: 'Too late' }]);
  expect(await world.now(task)).toMatchObject({ version, delegateId: null });
});

test('a run on an unknown task does not hold up the runs after it', async () => {
  const task = await newTask();

  await world.run({ ...task, id: randomUUID() }, { state: 'SUCCEEDED', answer: 'For nobody' });
  await world.run(task, { state: 'SUCCEEDED', answer: 'For you' });

  expect(await world.comments(task)).toHaveLength(1);
});
