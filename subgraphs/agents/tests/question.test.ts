import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { RunQuestion } from '../entities/run-question.ts';
import { readQuestion } from '../openclaw/question.ts';
import { answerQuestion } from '../operations/question/answer-question.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
beforeEach(() => world.simulator.set({ callbacks: 'never' }));
afterAll(() => world.close());

/** A run whose agent has asked a question. */
async function askingRun(text = 'I looked at it.\nQUESTION: Which one?\nCHOICES: red | blue') {
  const { id } = await world.start();
  const { sessionKey } = await world.runIn(id, 'RUNNING');
  await world.callback({ sessionKey, text });
  const question = await world.em().findOneOrFail(RunQuestion, { runId: id });
  return { id, question, sessionKey };
}

describe('a question of an agent', () => {
  test('makes the run INPUT_REQUIRED, which holds no slot', async () => {
    const { id, question } = await askingRun();

    expect(await world.run(id)).toMatchObject({ state: 'INPUT_REQUIRED', slot: null, answer: null });
    expect(question).toMatchObject({ body: 'Which one?', choices: ['red', 'blue'], answer: null });
  });

  test('is answered in the same conversation, by a new attempt of the run', async () => {
    const { id, question, sessionKey } = await askingRun();

    await answerQuestion(world.ctx(), { questionId: question.id, answer: 'blue' });

    const run = await world.runIn(id, 'RUNNING');
    expect(run).toMatchObject({ attempt: 2, sessionKey });
    expect(JSON.parse(run.requestBody ?? '{}').message).toContain('blue');
    await world.callback({ sessionKey, text: 'Painted' });
    expect(await world.run(id)).toMatchObject({ state: 'SUCCEEDED', answer: 'Painted' });
    expect(await world.states(run)).toEqual([
      'QUEUED',
      'DISPATCHING',
      'RUNNING',
      'INPUT_REQUIRED',
      'QUEUED',
      'DISPATCHING',
      'RUNNING',
      'SUCCEEDED',
    ]);
  });

  test('is asked once: a repeat of its report does not end the next attempt', async () => {
    const { id } = await world.start();
    const { sessionKey } = await world.runIn(id, 'RUNNING');
    const report = { sessionKey, runId: 'openclaw-run-1', text: 'QUESTION: Sure?' };
    await world.callback(report);
    const question = await world.em().findOneOrFail(RunQuestion, { runId: id });
    await answerQuestion(world.ctx(), { questionId: question.id, answer: 'Yes' });
    await world.runIn(id, 'RUNNING');

    const { body } = await world.callback(report);

    expect(body.status).toBe('duplicate');
    expect((await world.run(id)).state).toBe('RUNNING');
  });

  test('takes one answer: a second one is refused, a repeat of the first is not', async () => {
    const { id, question } = await askingRun();
    const input = { questionId: question.id, answer: 'red' };
    await answerQuestion(world.ctx(), input);

    await expect(answerQuestion(world.ctx(), input)).resolves.toMatchObject({ id });
    await expect(answerQuestion(world.ctx(), { ...input, answer: 'blue' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });

  test('takes only its choices', async () => {
    const { question } = await askingRun();

    await expect(
      answerQuestion(world.ctx(), { questionId: question.id, answer: 'green' }),
    ).rejects.toMatchObject({ code: 'INVALID', field: ['input', 'answer'] });
  });

  test('that nobody answers within a day ends the run as TIMED_OUT', async () => {
    const { id } = await askingRun();

    await world.age(id, 86_401);

    expect(await world.runIn(id, 'TIMED_OUT')).toMatchObject({ failureCode: 'QUESTION_EXPIRED' });
  });

  test('takes no answer after its run was canceled', async () => {
    const { id, question } = await askingRun();

    expect(await cancelRun(world.ctx(), { id, mode: 'GRACEFUL' })).toMatchObject({ state: 'CANCELED' });

    const input = { questionId: question.id, answer: 'red' };
    await expect(answerQuestion(world.ctx(), input)).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
  });
});

describe('the question in a message', () => {
  test('of two megabytes is found within 500 ms: a regular expression took 45 seconds', () => {
    const message = 'a\nQUESTION:'.repeat(180_000);
    const before = performance.now();

    expect(readQuestion(message)).toBeNull();
    expect(performance.now() - before).toBeLessThan(500);
  });

  test.each([
    ['QUESTION: Why?', { body: 'Why?', choices: [] }],
    ['Done.\n\nQUESTION: A or B?\nCHOICES: A | B', { body: 'A or B?', choices: ['A', 'B'] }],
    ['QUESTION: first\nQUESTION: last', { body: 'last', choices: [] }],
    ['QUESTION: over\ntwo lines', { body: 'over\ntwo lines', choices: [] }],
    ['No QUESTION: in the middle of a line', null],
    ['QUESTION:   ', null],
    ['', null],
  ])('%j is %j', (message, expected) => {
    expect(readQuestion(message)).toEqual(expected);
  });
});
