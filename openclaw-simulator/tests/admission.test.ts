import { afterEach, describe, expect, test } from '@jest/globals';
import { readOptions } from '../options.ts';
import { closeWorlds, hookBody, openWorld, postAndDisconnect, until } from './world.ts';

afterEach(closeWorlds);

describe('admission', () => {
  test('admits eight of 24 runs that are longer than the admission timeout; the others are refused and never run', async () => {
    const world = await openWorld({ admissionTimeoutMs: 100 });

    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        world.post(hookBody({ message: '[[hang]]', sessionKey: `task:${n}` })),
      ),
    );

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(16);
    expect(world.simulator.state()).toMatchObject({
      runsStartedTotal: 8,
      concurrentMax: 8,
      admissionsWaiting: 0,
    });
  });

  test('answers 503 with the run id after the admission timeout', async () => {
    const world = await openWorld({ slots: 1, admissionTimeoutMs: 20 });
    await world.post(hookBody({ message: '[[hang]]', sessionKey: 'task:0' }));

    const answer = await world.post(hookBody());

    expect(answer.status).toBe(503);
    expect(answer.body).toEqual({
      ok: false,
      error: 'hook agent run did not start before admission timeout',
      runId: expect.any(String),
    });
  });

  test('delays a run until a slot is free and then answers 200', async () => {
    const world = await openWorld({ slots: 2 });

    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        world.post(hookBody({ message: '[[delay=20]]', sessionKey: `task:${n}` })),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(world.simulator.state().concurrentMax).toBe(2);
  });

  test('delays a run until the earlier run with the same session key has ended', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[delay=60]] first' }));

    await world.post(hookBody({ message: 'second' }));

    expect(world.simulator.state().runsEndedOk).toBe(1);
    expect(world.simulator.state().concurrentMax).toBe(1);
  });

  test('does not delay isolated runs with the same session key', async () => {
    const world = await openWorld();

    await world.post(hookBody({ message: '[[hang]] 1', sessionMode: 'isolated' }));
    await world.post(hookBody({ message: '[[hang]] 2', sessionMode: 'isolated' }));

    expect(world.simulator.state().concurrentMax).toBe(2);
  });

  test('is cancelled when its only waiting client disconnects', async () => {
    const world = await openWorld({ slots: 1 });
    await world.post(hookBody({ message: '[[delay=100]]', sessionKey: 'task:0' }));

    await postAndDisconnect(world.simulator, hookBody(), () =>
      until(() => world.simulator.state().admissionsWaiting === 1),
    );
    await until(() => world.simulator.state().admissionsWaiting === 0);
    await world.simulator.idle();

    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:0': 1 });
  });

  test('is not cancelled when the client of an admitted run disconnects', async () => {
    const world = await openWorld();
    const waiting = hookBody({ message: '[[delay=50]]', waitForCompletion: true });

    await postAndDisconnect(world.simulator, waiting, () =>
      until(() => world.simulator.state().runsRunning === 1),
    );
    const [callback] = await world.receiver.until(1);

    expect(callback?.body.success).toBe(true);
  });
});

test('the default times and bounds are OpenClaw’s', () => {
  expect(readOptions({})).toMatchObject({
    slots: 8,
    admissionTimeoutMs: 15_000,
    idempotencyKeptMs: 300_000,
    idempotencyEntriesMax: 1000,
    badTokensMax: 20,
    badTokensWindowMs: 60_000,
    bodyBytesMax: 262_144,
    bodyTimeoutMs: 30_000,
    historyTextCharactersMax: 8000,
    waitTextCharactersMax: 4096,
    drainMs: 315_000,
    modelAttemptsMax: 8,
  });
});
