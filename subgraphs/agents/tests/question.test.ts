import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EVENT_ANSWER_CHARACTERS_MAX } from '../../../schema/events/agents.ts';
import { RunAttempt } from '../entities/run-attempt.ts';
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

const asks = (body: string, choices: string[] = []) => ({
  question: { body, choices },
  possibleQuestion: null,
});
const mayAsk = (possibleQuestion: string) => ({ question: null, possibleQuestion });
const NO_QUESTION = { question: null, possibleQuestion: null };

describe('the message of an attempt', () => {
  const messageOf = async (runId: string) =>
    (await world.em().findOneOrFail(RunAttempt, { runId }, { orderBy: { number: 'desc' } })).message;

  test('with a question is kept whole, and the comment of the task shows all of it', async () => {
    const text = 'A costs 5, B costs 900.\n\nQUESTION: A or B?\nCHOICES: A | B';

    const { id } = await askingRun(text);

    expect(await messageOf(id)).toBe(text);
    const asked = (await world.steps(await world.run(id))).at(-1);
    expect(asked).toMatchObject({ question: text });
  });

  test('that is too long for a comment shows its beginning and the question', async () => {
    const { id } = await askingRun(`${'long '.repeat(5_000)}\n\nQUESTION: A or B?`);

    const asked = (await world.steps(await world.run(id))).at(-1);
    expect(asked?.question?.length).toBeLessThanOrEqual(EVENT_ANSWER_CHARACTERS_MAX);
    expect(asked?.question).toMatch(/^long long .*The whole message is at the run.*A or B\?$/s);
  });

  test.each([
    ['failed', { success: false, text: 'Half of it', error: 'boom' }, 'FAILED'],
    ['was stopped', { success: false, aborted: true, text: 'Half of it' }, 'CANCELED'],
  ])('that %s is kept whole', async (_what, report, state) => {
    const { id } = await world.start();
    const { sessionKey } = await world.runIn(id, 'RUNNING');

    await world.callback({ sessionKey, ...report });

    expect((await world.run(id)).state).toBe(state);
    expect(await messageOf(id)).toBe('Half of it');
  });

  test('of a run that ended before it arrived is kept too', async () => {
    const { id } = await world.start();
    const { sessionKey } = await world.runIn(id, 'RUNNING');
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });

    await world.callback({ sessionKey, text: 'It was finished' });

    expect((await world.run(id)).state).toBe('CANCELED');
    expect(await messageOf(id)).toBe('It was finished');
  });

  test('with a quoted question is an answer, and says what may be a question', async () => {
    const { id } = await world.start();
    const { sessionKey } = await world.runIn(id, 'RUNNING');

    await world.callback({ sessionKey, text: 'I fixed:\n- QUESTION: why was it red?' });

    expect(await world.run(id)).toMatchObject({
      ...{ state: 'SUCCEEDED', answer: 'I fixed:\n- QUESTION: why was it red?' },
      possibleQuestion: 'why was it red?',
    });
  });
});

describe('the question in a message', () => {
  test('of two megabytes is found within 500 ms: a regular expression took 45 seconds', () => {
    const messages = [
      'a\nQUESTION:',
      '**QUESTION:** a\n',
      '\n',
      '- a\n',
      '> QUESTION: ',
      '```\n',
      'QUESTION: a | ',
    ];
    for (const part of messages) {
      const message = part.repeat(2_000_000 / part.length);
      const before = performance.now();
      readQuestion(message);
      expect(performance.now() - before).toBeLessThan(500);
    }
  });

  test.each([
    ['QUESTION: Why?', asks('Why?')],
    ['A costs 5, B costs 900.\n\nQUESTION: A or B?\nCHOICES: A | B', asks('A or B?', ['A', 'B'])],
    ['QUESTION: first\nQUESTION: last', asks('first\nlast')],
    ['QUESTION: over\ntwo lines', asks('over\ntwo lines')],
    ['**QUESTION:** Why?', asks('Why?')],
    ['**Question**: Why?', asks('Why?')],
    ['_question:_ Why?', asks('Why?')],
    ['### Question: Why?', asks('Why?')],
    ['Question :Why?', asks('Why?')],
    ['Done.\r\n\r\nQUESTION: Why?\r\nCHOICES: A | B\r\n', asks('Why?', ['A', 'B'])],
    ['QUESTION:\n\nShould I go on?\n\n', asks('Should I go on?')],
    ['QUESTION: Which?\n- red\n- blue', asks('Which?', ['red', 'blue'])],
    ['QUESTION: Which?\n\nCHOICES:\n\n1. **red**\n2. blue', asks('Which?', ['red', 'blue'])],
    ['QUESTION: Which?\n**Choices:** `red` | blue | red', asks('Which?', ['red', 'blue'])],
    [
      'QUESTION: Which?\n\nRed is cheap.\n\nCHOICES: red | blue',
      asks('Which?\n\nRed is cheap.', ['red', 'blue']),
    ],
    ['QUESTION: Which of these?\n- only this', asks('Which of these?\n- only this')],
    ['QUESTION: Is this right?\n```\nlet a;\n```', asks('Is this right?\n```\nlet a;\n```')],
    ['```\nlet a;\n```\nQUESTION: Is this right?', asks('Is this right?')],
    ['QUESTION: 質問はありますか？', asks('質問はありますか？')],
  ])('%j is asked', (message, expected) => {
    expect(readQuestion(message)).toEqual(expected);
  });

  test.each([
    ['QUESTION: Which?\n\nI took A, and it works.', mayAsk('Which?\n\nI took A, and it works.')],
    ['QUESTION: Which?\n\nThanks!', mayAsk('Which?\n\nThanks!')],
    ['I fixed these:\n- QUESTION: why was it red?\n- the tests', mayAsk('why was it red?')],
    ['You had asked:\n> QUESTION: Why?', mayAsk('Why?')],
    ['> > - **QUESTION:** Why?', mayAsk('Why?')],
  ])('%j may be one, and the reviewer is told', (message, expected) => {
    expect(readQuestion(message)).toEqual(expected);
  });

  test.each([
    'Use this form:\n```\nQUESTION: Why?\n```',
    'Use this form:\n~~~md\nQUESTION: Why?\n```\n~~~',
    'Use this form:\n\n    QUESTION: Why?',
    '<!--\nQUESTION: Why?\n-->',
    'It is a fence without an end\n```\nQUESTION: Why?',
    'Done.\n\nQUESTION: None.',
    'Done.\n\nQUESTION: n/a',
    'Done.\n\n**QUESTION:** _No further questions_',
    'Done.\n\nQUESTION: -',
    'No QUESTION: in the middle of a line',
    'QUESTIONS: these are not marks',
    'QUESTION:   ',
    '',
  ])('%j is none', (message) => {
    expect(readQuestion(message)).toEqual(NO_QUESTION);
  });
});
