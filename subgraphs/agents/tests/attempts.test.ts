import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { retryRun } from '../operations/run/retry-run.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
beforeEach(() => world.simulator.set({ callbacks: 'never' }));
afterAll(() => world.close());

/** A run that OpenClaw has admitted and does not report by itself. */
async function runningRun(instruction = 'Draft it') {
  const { id } = await world.start({ instruction });
  return world.runIn(id, 'RUNNING');
}

const failure = (sessionKey: string | undefined, error: string) =>
  world.callback({ sessionKey, success: false, text: '', error });

describe('an attempt that fails', () => {
  test('for a transient reason is followed by another, in its own session', async () => {
    const first = await runningRun();

    await failure(first.sessionKey, 'LLM request failed: 503 overloaded');

    expect(await world.run(first.id)).toMatchObject({ state: 'QUEUED', slot: null, failureCode: null });
    await world.age(first.id, 10);
    const second = await world.runIn(first.id, 'RUNNING');
    expect(second.attempt).toBe(2);
    expect(second.sessionKey).toBe(`${first.sessionKey}:2`);
  });

  test('three times in a row ends the run as FAILED with MODEL_UNAVAILABLE', async () => {
    const { id } = await runningRun();

    for (const attempt of [1, 2, 3]) {
      await world.age(id, 60);
      const run = await world.runIn(id, 'RUNNING');
      expect(run.attempt).toBe(attempt);
      await failure(run.sessionKey, '529 overloaded_error');
    }

    const run = await world.run(id);
    expect(run).toMatchObject({ state: 'FAILED', failureCode: 'MODEL_UNAVAILABLE', attempt: 3 });
    expect((await world.states(run)).filter((state) => state === 'FAILED')).toHaveLength(1);
  });

  test.each([
    'LLM request failed: authentication failed, HTTP 401',
    'LLM request failed: provider rejected the request schema or tool payload.',
    'You exceeded your current quota (429)',
    'prompt is too long: context window exceeded',
  ])('for a permanent reason ends the run at once: %s', async (error) => {
    const { id, sessionKey } = await runningRun();

    await failure(sessionKey, error);

    expect(await world.run(id)).toMatchObject({ state: 'FAILED', failureCode: 'AGENT_ERROR', attempt: 1 });
  });

  test('and reports after the next one has begun is late, and the next one goes on', async () => {
    const first = await runningRun();
    await failure(first.sessionKey, '503 overloaded');
    await world.age(first.id, 10);
    await world.runIn(first.id, 'RUNNING');

    const late = await world.callback({ sessionKey: first.sessionKey, text: 'done after all' });

    expect(late.body.status).toBe('late');
    const run = await world.run(first.id);
    expect(run).toMatchObject({ state: 'RUNNING', attempt: 2 });
    expect(await world.activities(run.id)).toContainEqual(['LATE_REPORT', 'done after all']);
  });
});

describe('after a restart of OpenClaw', () => {
  test('a success that follows an error ends the run', async () => {
    const { id, sessionKey } = await runningRun();

    const error = 'Failed to persist terminal assistant error: session rebound';
    await failure(sessionKey, error);
    expect(await world.run(id)).toMatchObject({ state: 'RUNNING', attempt: 1 });
    await world.callback({ sessionKey, text: 'It was done' });

    const run = await world.run(id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', answer: 'It was done', attempt: 1 });
  });

  test('an error that no success follows within a minute counts, and the run gets another attempt', async () => {
    const { id, sessionKey } = await runningRun('[[hang]]');
    await failure(sessionKey, 'Your previous turn was interrupted');

    await world.age(id, 61);

    await world.runIn(id, 'QUEUED');
    await world.age(id, 10);
    expect(await world.runIn(id, 'RUNNING')).toMatchObject({ attempt: 2 });
  });
});

describe('retrying a run', () => {
  test('creates a run of the same agent with the same instruction that names the old one', async () => {
    const failed = await runningRun();
    await failure(failed.sessionKey, 'no');

    const again = await retryRun(world.ctx(), { id: failed.id, whenBusy: 'QUEUE' });

    expect(again).toMatchObject({
      retryOf: failed.id,
      agentId: failed.agentId,
      taskId: failed.taskId,
      instruction: failed.instruction,
    });
    expect(again.id).not.toBe(failed.id);
  });

  test('is INVALID_TRANSITION for a run that has succeeded or has not ended', async () => {
    const run = await runningRun();
    await expect(retryRun(world.ctx(), { id: run.id, whenBusy: 'QUEUE' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });

    await world.callback({ sessionKey: run.sessionKey });

    await expect(retryRun(world.ctx(), { id: run.id, whenBusy: 'QUEUE' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });
});
