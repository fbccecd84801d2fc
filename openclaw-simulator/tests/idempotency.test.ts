import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, openWorld, order } from './world.ts';

afterEach(closeWorlds);

const KEY = { 'idempotency-key': 'run-1:1' };

describe('two posts with the same key and the same fields', () => {
  test('are one run and get one run id, also when they come at once', async () => {
    const world = await openWorld();

    const answers = await Promise.all(Array.from({ length: 10 }, () => world.post(order(), KEY)));

    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
    expect(world.simulator.state().postsReceived).toBe(10);
  });

  test('are one run whichever way the key is given, and whatever unknown fields they carry', async () => {
    const world = await openWorld();

    const first = await world.post(order(), KEY);
    const others = [
      await world.post(order(), { 'x-openclaw-idempotency-key': 'run-1:1' }),
      await world.post(order({ idempotencyKey: 'run-1:1' })),
      await world.post(order({ idempotencyKey: 'other', colour: 'blue' }), KEY),
    ];

    expect(others.map(({ body }) => body.runId)).toEqual(Array(3).fill(first.body.runId));
  });

  test('re-attach when the second one waits, also after the run has ended', async () => {
    const world = await openWorld();
    const first = await world.post(order({ message: '[[say=once]]' }), KEY);
    await world.simulator.idle();

    const second = await world.post(order({ message: '[[say=once]]', waitForCompletion: true }), KEY);

    expect(second.body).toMatchObject({ runId: first.body.runId, completion: { status: 'ok' } });
    expect(world.simulator.state().runsStartedTotal).toBe(1);
  });

  test('are two runs once the first is forgotten', async () => {
    const world = await openWorld({ idempotencyKeptMs: 10 });
    const first = await world.post(order({ waitForCompletion: true }), KEY);

    let second = first;
    for (let tries = 0; tries < 1000 && second.body.runId === first.body.runId; tries++) {
      second = await world.post(order({ waitForCompletion: true }), KEY);
    }

    expect(world.simulator.state().runsStartedTotal).toBe(2);
  });

  test('are two runs when the gateway was restarted between them', async () => {
    const world = await openWorld();
    const first = await world.post(order(), KEY);
    await world.simulator.idle();

    await world.simulator.restart();
    const second = await world.post(order(), KEY);

    expect(second.body.runId).not.toBe(first.body.runId);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 2 });
  });
});

describe('a post with the same key', () => {
  test.each([{ message: 'other work' }, { timeoutSeconds: 9 }])(
    'but another %o is a new run',
    async (change) => {
      const world = await openWorld();
      const first = await world.post(order(), KEY);

      const second = await world.post(order(change), KEY);

      expect(second.status).toBe(200);
      expect(second.body.runId).not.toBe(first.body.runId);
    },
  );

  test('that is longer than 256 characters is as if it had none', async () => {
    const world = await openWorld();
    const long = { 'idempotency-key': 'k'.repeat(257) };

    const [first, second] = [await world.post(order(), long), await world.post(order(), long)];

    expect(second.body.runId).not.toBe(first.body.runId);
  });

  test('after a failed admission is admitted', async () => {
    const world = await openWorld({ slots: 1, admissionTimeoutMs: 30 });
    await world.post(order({ message: '[[delay=100]]', sessionKey: 'task:0' }));
    const refused = await world.post(order(), KEY);
    await world.simulator.idle();

    const second = await world.post(order(), KEY);

    expect(refused.status).toBe(503);
    expect(second.status).toBe(200);
    expect(world.simulator.state().runsStarted['agent:main:task:1']).toBe(1);
  });
});

test('when 1,000 keys are kept, the oldest is forgotten for the next', async () => {
  const world = await openWorld({ idempotencyEntriesMax: 2 });
  const keyed = (key: string) => world.post(order({ sessionKey: `task:${key}` }), { 'idempotency-key': key });
  const first = await keyed('a');
  const second = await keyed('b');

  await keyed('c');

  expect((await keyed('b')).body.runId).toBe(second.body.runId);
  expect((await keyed('a')).body.runId).not.toBe(first.body.runId);
});
