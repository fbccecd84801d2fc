import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, closeWorlds, hookBody, openWorld, until } from './world.ts';

afterEach(closeWorlds);

describe('a restart after SIGKILL', () => {
  test('ends a running run without a callback and keeps its history', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[hang]]' }));

    await world.simulator.restart();
    await world.simulator.idle();

    expect(world.receiver.received).toHaveLength(0);
    const { body } = await world.history('task:1');
    expect(body.items.map((row: { role: string }) => row.role)).toEqual(['user']);
  });

  test('cuts the connections of waiting clients', async () => {
    const world = await openWorld();
    const waiting = world.post(hookBody({ message: '[[hang]]', waitForCompletion: true }));
    const refusal = expect(waiting).rejects.toThrow();
    await until(() => world.simulator.state().runsRunning === 1);

    await world.simulator.restart();

    await refusal;
  });

  test('refuses connections for downMs and then listens on the same port', async () => {
    const world = await openWorld();

    const restarting = world.simulator.restart({ downMs: 100 });
    await expect(ask(`${world.simulator.url}/healthz`)).rejects.toThrow();
    await restarting;

    expect((await ask(`${world.simulator.url}/healthz`)).status).toBe(200);
  });

  test('sends a callback again that was refused before it', async () => {
    const world = await openWorld({ callbackRetryFirstMs: 60_000 });
    world.receiver.refuse(503);
    await world.post(hookBody());
    await world.receiver.until(1);

    await world.simulator.restart();

    const [before, after] = await world.receiver.until(2);
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
  });

  test('frees the slots and session keys of running runs', async () => {
    const world = await openWorld({ slots: 1 });
    await world.post(hookBody({ message: '[[hang]]' }));

    await world.simulator.restart();

    expect((await world.post(hookBody({ waitForCompletion: true }))).body.completion.status).toBe('ok');
  });
});

describe('a restart after SIGTERM', () => {
  test('waits for the run and keeps its unsent callback', async () => {
    const world = await openWorld({ callbackDrainMs: 20, callbackRetryFirstMs: 60_000 });
    world.receiver.refuse(503);
    await world.post(hookBody({ message: '[[delay=50]] [[say=in time]]' }));

    await world.simulator.restart({ drain: true });

    const received = await world.receiver.until(2);
    expect(received.map(({ body }) => body.text)).toEqual(['in time', 'in time']);
    expect((await world.get('/readyz')).status).toBe(200);
  });
});

describe('a restart with recovery', () => {
  test('runs an interrupted persistent session again with the trigger user', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[delay=100]] [[say=recovered]]' }));

    await world.simulator.restart({ recover: true });
    const [callback] = await world.receiver.until(1);

    expect(callback?.body).toMatchObject({
      sessionKey: 'agent:main:task:1',
      trigger: 'user',
      success: true,
      text: 'recovered',
    });
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 2 });
  });

  test('adds a custom row and a System message to the history', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[hang]]' }));

    await world.simulator.restart({ recover: true });

    const { items } = (await world.history('task:1')).body;
    expect(items.map((row: { role: string }) => row.role)).toEqual(['user', 'custom', 'user']);
    expect(items[2].content).toMatch(/^\[System\] Your previous turn was interrupted/);
  });

  test('ends in error when the same session is posted before it has ended, and the post succeeds', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[delay=300]]' }));
    await world.simulator.restart({ recover: true });

    await world.post(hookBody({ message: '[[say=second]]', waitForCompletion: true }));
    const received = await world.receiver.until(2);

    expect(received.map(({ body }) => body)).toEqual([
      expect.objectContaining({
        trigger: 'user',
        success: false,
        error:
          'Failed to persist terminal assistant error: session rebound for sessionKey: agent:main:task:1',
      }),
      expect.objectContaining({ trigger: 'cron', success: true, text: 'second' }),
    ]);
  });
});

describe('a drain after SIGTERM', () => {
  test('answers new posts and readyz with 503, waits for the run and delivers its callback', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[delay=150]] [[say=in time]]' }));

    const stopping = world.simulator.stop({ drain: true });
    const refused = await world.post(hookBody({ message: 'more', sessionKey: 'task:2' }));
    const ready = await world.get('/readyz');
    await stopping;

    expect(refused.status).toBe(503);
    expect(refused.body.error.code).toBe('gateway_unavailable');
    expect(ready.status).toBe(503);
    expect(ready.body).toEqual({ ready: false, failing: ['draining'], uptimeMs: expect.any(Number) });
    expect(world.receiver.received.map(({ body }) => body.text)).toEqual(['in time']);
  });

  test('retries a refused callback before it ends', async () => {
    const world = await openWorld({ callbackRetryFirstMs: 5 });
    world.receiver.refuse(503, 503);
    await world.post(hookBody({ message: '[[delay=20]]' }));

    await world.simulator.stop({ drain: true });

    expect(world.receiver.received).toHaveLength(3);
  });

  test('refuses posts that wait for admission', async () => {
    const world = await openWorld({ slots: 1 });
    await world.post(hookBody({ message: '[[delay=50]]' }));
    const waiting = world.post(hookBody({ sessionKey: 'task:2' }));
    await until(() => world.simulator.state().admissionsWaiting === 1);

    await world.simulator.stop({ drain: true });

    expect((await waiting).status).toBe(503);
  });

  test('does not wait longer than drainMs', async () => {
    const world = await openWorld({ drainMs: 20, callbackDrainMs: 20 });
    await world.post(hookBody({ message: '[[hang]]' }));

    await world.simulator.stop({ drain: true });

    await expect(ask(`${world.simulator.url}/healthz`)).rejects.toThrow();
  });
});
