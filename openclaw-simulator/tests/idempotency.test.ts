import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, hookBody, openWorld } from './world.ts';

afterEach(closeWorlds);

const KEY = { 'idempotency-key': 'run-1:1' };

describe('two posts with the same key and the same fields', () => {
  test('are one run with one run id, also when they arrive at the same time', async () => {
    const world = await openWorld();

    const answers = await Promise.all(Array.from({ length: 10 }, () => world.post(hookBody(), KEY)));

    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
    expect(world.simulator.state().postsReceived).toBe(10);
  });

  test('are one run for every way to send the key, and with different unknown fields', async () => {
    const world = await openWorld();

    const first = await world.post(hookBody(), KEY);
    const others = [
      await world.post(hookBody(), { 'x-openclaw-idempotency-key': 'run-1:1' }),
      await world.post(hookBody({ idempotencyKey: 'run-1:1' })),
      await world.post(hookBody({ idempotencyKey: 'other', colour: 'blue' }), KEY),
    ];

    expect(others.map(({ body }) => body.runId)).toEqual(Array(3).fill(first.body.runId));
  });

  test('are one run when the second post waits for completion after the run has ended', async () => {
    const world = await openWorld();
    const first = await world.post(hookBody({ message: '[[say=once]]' }), KEY);
    await world.simulator.idle();

    const second = await world.post(hookBody({ message: '[[say=once]]', waitForCompletion: true }), KEY);

    expect(second.body).toMatchObject({ runId: first.body.runId, completion: { status: 'ok' } });
    expect(world.simulator.state().runsStartedTotal).toBe(1);
  });

  test('are two runs after the key has expired', async () => {
    const world = await openWorld({ idempotencyKeptMs: 10 });
    const first = await world.post(hookBody({ waitForCompletion: true }), KEY);

    let second = first;
    for (let tries = 0; tries < 1000 && second.body.runId === first.body.runId; tries++) {
      second = await world.post(hookBody({ waitForCompletion: true }), KEY);
    }

    expect(world.simulator.state().runsStartedTotal).toBe(2);
  });

  test('are two runs when the gateway was restarted between them', async () => {
    const world = await openWorld();
    const first = await world.post(hookBody(), KEY);
    await world.simulator.idle();

    await world.simulator.restart();
    const second = await world.post(hookBody(), KEY);

    expect(second.body.runId).not.toBe(first.body.runId);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 2 });
  });
});

describe('a post with the same key', () => {
  test.each([{ message: 'other work' }, { timeoutSeconds: 9 }])(
    'and different fields (%o) starts a new run',
    async (change) => {
      const world = await openWorld();
      const first = await world.post(hookBody(), KEY);

      const second = await world.post(hookBody(change), KEY);

      expect(second.status).toBe(200);
      expect(second.body.runId).not.toBe(first.body.runId);
    },
  );

  test('of more than 256 characters is treated as a post without a key', async () => {
    const world = await openWorld();
    const long = { 'idempotency-key': 'k'.repeat(257) };

    const [first, second] = [await world.post(hookBody(), long), await world.post(hookBody(), long)];

    expect(second.body.runId).not.toBe(first.body.runId);
  });

  test('is admitted after a failed admission', async () => {
    const world = await openWorld({ slots: 1, admissionTimeoutMs: 30 });
    await world.post(hookBody({ message: '[[delay=100]]', sessionKey: 'task:0' }));
    const refused = await world.post(hookBody(), KEY);
    await world.simulator.idle();

    const second = await world.post(hookBody(), KEY);

    expect(refused.status).toBe(503);
    expect(second.status).toBe(200);
    expect(world.simulator.state().runsStarted['agent:main:task:1']).toBe(1);
  });
});

test('the oldest key is removed when there are more than idempotencyEntriesMax', async () => {
  const world = await openWorld({ idempotencyEntriesMax: 2 });
  const keyed = (key: string) =>
    world.post(hookBody({ sessionKey: `task:${key}` }), { 'idempotency-key': key });
  const first = await keyed('a');
  const second = await keyed('b');

  await keyed('c');

  expect((await keyed('b')).body.runId).toBe(second.body.runId);
  expect((await keyed('a')).body.runId).not.toBe(first.body.runId);
});
