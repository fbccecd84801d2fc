import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../../platform/testing/wait.ts';
import { readHistory } from '../openclaw/history.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
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
  // Not its attempt: the simulator has been up for less than a minute, and would seem to have been restarted since.
  await world.age(id, 61, ['agent_run']);
  return id;
}

const executionsOf = (runId: string): number =>
  Object.entries(world.simulator.state().runsStarted)
    .filter(([key]) => key.includes(runId))
    .reduce((sum, [, count]) => sum + count, 0);

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

  test('an error of a model ends it as soon as OpenClaw says that the run is over', async () => {
    const id = await lostRun('[[fail=400]]');

    expect(await world.runIn(id, 'FAILED')).toMatchObject({ failureCode: 'AGENT_ERROR' });
    expect(executionsOf(id)).toBe(1);
  });

  test('an agent that said nothing has succeeded, though OpenClaw keeps no word of it', async () => {
    const id = await lostRun('[[say=NO_REPLY]]');

    expect(await world.runIn(id, 'SUCCEEDED')).toMatchObject({ answer: '' });
    expect(executionsOf(id)).toBe(1);
  });

  test('after a restart of OpenClaw it is never sent again, and an error must be found twice', async () => {
    const { id } = await world.start({ instruction: '[[fail=400]]' });
    await world.runIn(id, 'RUNNING');
    await world.simulator.idle();
    await world.simulator.restart();
    await world.age(id, 61);
    await until('it was looked at', async () => (await world.run(id)).checkedAt);
    expect((await world.run(id)).state).toBe('RUNNING');

    await world.age(id, 61);

    expect(await world.runIn(id, 'FAILED')).toMatchObject({ failureCode: 'AGENT_ERROR' });
    expect(executionsOf(id)).toBe(1);
  });

  test('is never started by asking: one that was canceled before OpenClaw had taken it stays unsent', async () => {
    world.simulator.set({ dispatch: 'drop-before' });
    const { id } = await world.start();
    await until('nobody knows', async () => (await world.run(id)).isHandOverUnknown);
    await cancelRun(world.ctx(), { id, mode: 'GRACEFUL' });
    world.simulator.set({ dispatch: 'normal' });

    await until('it was looked at', async () => (await world.run(id)).checkedAt);

    expect(executionsOf(id)).toBe(0);
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
  });

  test('of which OpenClaw, restarted, has no session is tried again in a new attempt', async () => {
    world.simulator.set({ callbacks: 'never' });
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');
    await world
      .em()
      .execute("update agents.run_attempt set session_key = session_key || '-gone' where run_id = ?", [id]);
    await world.simulator.restart();
    for (const _look of [1, 2]) {
      const before = (await world.run(id)).checkedAt?.getTime() ?? 0;
      await world.age(id, 61);
      await until('it was looked at', async () => ((await world.run(id)).checkedAt?.getTime() ?? 0) > before);
    }

    await until('the attempt has ended', async () =>
      (await world.activities(id)).some(([kind]) => kind === 'ERROR'),
    );
    await world.age(id, 10);
    expect(await world.runIn(id, 'RUNNING')).toMatchObject({ attempt: 2 });
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
    await world.simulator.idle();
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
