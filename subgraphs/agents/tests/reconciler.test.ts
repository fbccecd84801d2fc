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

/** A run whose report was lost, and that was last heard of more than a minute ago. */
async function lostRun(instruction: string) {
  const { id } = await world.start({ instruction });
  await world.runIn(id, 'RUNNING');
  await world.simulator.idle();
  // Not its attempt: the simulator started less than a minute ago, so it would seem to have been restarted since.
  await world.age(id, 61, ['agent_run']);
  return id;
}

const executionsOf = (runId: string): number =>
  Object.entries(world.simulator.state().runsStarted)
    .filter(([key]) => key.includes(runId))
    .reduce((sum, [, count]) => sum + count, 0);

describe('a run whose report was lost', () => {
  test('ends with the answer in OpenClaw, and is sent once', async () => {
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

  test('marks an answer that OpenClaw shows only in part', async () => {
    const id = await lostRun('[[long=20000]]');

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run.isAnswerTruncated).toBe(true);
    expect(run.answer).toHaveLength(8_000);
  });

  test('ends with the error of the model as soon as OpenClaw says that the run is over', async () => {
    const id = await lostRun('[[fail=400]]');

    expect(await world.runIn(id, 'FAILED')).toMatchObject({ failureCode: 'AGENT_ERROR' });
    expect(executionsOf(id)).toBe(1);
  });

  test('succeeds when the agent said nothing, of which OpenClaw keeps no row', async () => {
    const id = await lostRun('[[say=NO_REPLY]]');

    expect(await world.runIn(id, 'SUCCEEDED')).toMatchObject({ answer: '' });
    expect(executionsOf(id)).toBe(1);
  });

  test('is never sent again after a restart of OpenClaw, and an error must be found twice', async () => {
    const { id } = await world.start({ instruction: '[[fail=400]]' });
    await world.runIn(id, 'RUNNING');
    await world.simulator.idle();
    await world.simulator.restart();
    await world.age(id, 61);
    await until('it was checked', async () => (await world.run(id)).checkedAt);
    expect((await world.run(id)).state).toBe('RUNNING');

    await world.age(id, 61);

    expect(await world.runIn(id, 'FAILED')).toMatchObject({ failureCode: 'AGENT_ERROR' });
    expect(executionsOf(id)).toBe(1);
  });

  test('is not started by the inquiry when it was canceled before OpenClaw had admitted it', async () => {
    world.simulator.set({ dispatch: 'drop-before' });
    const { id } = await world.start();
    await until('the outcome is unknown', async () => (await world.run(id)).isHandOverUnknown);
    await cancelRun(world.ctx(), { id, mode: 'GRACEFUL' });
    world.simulator.set({ dispatch: 'normal' });

    await until('it was checked', async () => (await world.run(id)).checkedAt);

    expect(executionsOf(id)).toBe(0);
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
  });

  test('gets a new attempt when OpenClaw was restarted and has no session of it', async () => {
    world.simulator.set({ callbacks: 'never' });
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');
    await world
      .em()
      .execute("update agents.run_attempt set session_key = session_key || '-gone' where run_id = ?", [id]);
    await world.simulator.restart();
    for (const _check of [1, 2]) {
      const before = (await world.run(id)).checkedAt?.getTime() ?? 0;
      await world.age(id, 61);
      await until('it was checked', async () => ((await world.run(id)).checkedAt?.getTime() ?? 0) > before);
    }

    await until('the attempt has ended', async () =>
      (await world.activities(id)).some(([kind]) => kind === 'ERROR'),
    );
    await world.age(id, 10);
    expect(await world.runIn(id, 'RUNNING')).toMatchObject({ attempt: 2 });
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
    await world.simulator.idle();
  });

  test('goes on while OpenClaw works on it', async () => {
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');
    await world.age(id, 61);

    await until('it was checked', async () => (await world.run(id)).checkedAt);

    expect((await world.run(id)).state).toBe('RUNNING');
    await cancelRun(world.ctx(), { id, mode: 'FORCE' });
    await world.simulator.idle();
  });

  test('makes the report late when it arrives after all', async () => {
    const id = await lostRun('[[say=first]]');
    const { sessionKey } = await world.runIn(id, 'SUCCEEDED');

    const { body } = await world.callback({ sessionKey, text: 'first' });

    expect(body.status).toBe('late');
  });
});

test('a row with text is no answer when its stopReason is error', () => {
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
