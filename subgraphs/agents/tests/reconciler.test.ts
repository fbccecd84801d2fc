import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../../platform/testing/wait.ts';
import { readHistory } from '../openclaw/history.ts';
import { cancelRun } from '../operations/cancel-run.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
beforeEach(() => world.simulator.set({ callbacks: 'never' }));
afterAll(() => world.close());

/** A run whose report was lost; its last word is older than a minute. */
async function lostRun(instruction: string) {
  const { id } = await world.start({ instruction });
  await world.runIn(id, 'RUNNING');
  await world.simulator.idle();
  await world.age(id, 61);
  return id;
}

describe('a run whose report was lost', () => {
  test('ends with the answer that OpenClaw has, and is sent once', async () => {
    const id = await lostRun('[[say=It is written]]');

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run).toMatchObject({
      answer: 'It is written',
      isAnswerTruncated: false,
      usage: { inputTokens: expect.any(Number) },
    });
    expect(
      world.simulator.state().posts.filter(({ idempotencyKey }) => idempotencyKey === `${id}:1`),
    ).toHaveLength(1);
  });

  test('an answer that OpenClaw shows only in part is marked', async () => {
    const id = await lostRun('[[long=20000]]');

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run.isAnswerTruncated).toBe(true);
    expect(run.answer).toHaveLength(8_000);
  });

  test('an error ends it only when it is still the last word at the next look', async () => {
    const id = await lostRun('[[fail=400]]');
    await until(
      'it was looked at',
      async () => ((await world.run(id)).checkedAt?.getTime() ?? 0) > Date.now() - 5_000,
    );
    expect((await world.run(id)).state).toBe('RUNNING');

    await world.age(id, 61);

    expect(await world.runIn(id, 'FAILED')).toMatchObject({ failureCode: 'AGENT_ERROR' });
  });

  test('one that OpenClaw still works on goes on', async () => {
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');
    await world.age(id, 61);

    await until('it was looked at', async () => (await world.run(id)).checkedAt);

    expect((await world.run(id)).state).toBe('RUNNING');
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
    await world.simulator.idle();
  });

  test('the report that arrives after all is late', async () => {
    const id = await lostRun('[[say=first]]');
    const { sessionKey } = await world.runIn(id, 'SUCCEEDED');

    const { body } = await world.callback({ sessionKey, text: 'first' });

    expect(body.status).toBe('late');
  });
});

test('a row of text with stopReason error is no answer', () => {
  const row = {
    role: 'assistant',
    content: [{ type: 'text', text: 'LLM request failed' }],
    stopReason: 'error',
  };

  expect(readHistory({ messages: [row] })).toMatchObject({
    kind: 'stopped',
    ending: { kind: 'failed', message: 'LLM request failed' },
  });
});
