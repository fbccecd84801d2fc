import { afterEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { closeWorlds, hookBody, openWorld, until } from './world.ts';

afterEach(closeWorlds);

describe('the callback of a run', () => {
  test('has the plugin’s body, whose runId differs from the one in the HTTP answer', async () => {
    const world = await openWorld();
    const { body: posted } = await world.post(hookBody({ message: '[[say=final text]]' }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body).toEqual({
      runId: expect.any(String),
      sessionKey: 'agent:main:task:1',
      sessionId: expect.any(String),
      agentId: 'main',
      trigger: 'cron',
      success: true,
      aborted: false,
      text: 'final text',
      error: null,
      stopReason: 'stop',
      usage: {
        input: expect.any(Number),
        output: expect.any(Number),
        cacheRead: 0,
        cacheWrite: 0,
        totalTokens: expect.any(Number),
      },
      provider: 'openclaw-simulator',
      model: 'simulated-model',
      attempts: 1,
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
      durationMs: expect.any(Number),
    });
    expect(callback?.body.runId).not.toBe(posted.runId);
  });

  test('contains the whole text of a long answer', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[long=20000]]' }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body.text).toHaveLength(20_000);
  });

  test('is accepted by the standardwebhooks library with the correct key only', async () => {
    const world = await openWorld();
    await world.post(hookBody());

    const [callback] = await world.receiver.until(1);
    const headers = callback?.headers as Record<string, string>;

    const verify = (secret: string) => new Webhook(secret).verify(callback?.raw ?? '', headers);
    expect(verify(world.simulator.callbackSecret)).toEqual(callback?.body);
    expect(() => verify(`whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow();
  });

  test('is sent again with the same webhook-id after three 503 answers', async () => {
    const world = await openWorld({ callbackRetryFirstMs: 5 });
    world.receiver.refuse(503, 503, 503);
    await world.post(hookBody());

    const received = await world.receiver.until(4);
    await world.simulator.idle();

    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ raw }) => raw)).size).toBe(1);
    expect(world.simulator.state()).toMatchObject({
      callbackAttempts: 4,
      callbacksDelivered: 1,
      callbacksPending: 0,
    });
  });

  test.each([302, 401, 404, 500])('is sent again after the answer %i', async (status) => {
    const world = await openWorld({ callbackRetryFirstMs: 5 });
    world.receiver.refuse(status);
    await world.post(hookBody());

    expect(await world.receiver.until(2)).toHaveLength(2);
  });

  test('is sent again after the receiver was unreachable', async () => {
    const world = await openWorld({ callbackUrl: 'http://127.0.0.1:1/', callbackRetryFirstMs: 5 });
    await world.post(hookBody());
    await until(() => world.simulator.state().callbackAttempts > 1);

    world.simulator.set({ callbackUrl: world.receiver.url });

    expect(await world.receiver.until(1)).toHaveLength(1);
  });

  test.each(['task:1', 'chat:1'])('is sent for the session %s', async (sessionKey) => {
    const world = await openWorld();
    await world.post(hookBody({ sessionKey }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body.sessionKey).toBe(`agent:main:${sessionKey}`);
  });

  test.each([{ sessionKey: 'hook:1' }, { sessionMode: 'isolated' }])('is not sent for %o', async (fields) => {
    const world = await openWorld();

    await world.post(hookBody({ ...fields, waitForCompletion: true }));
    await world.simulator.idle();

    expect(world.receiver.received).toHaveLength(0);
  });
});

describe('the callback of a failed run', () => {
  const cases = [
    [
      '[[fail=400]]',
      { error: 'LLM request failed: provider rejected the request schema or tool payload.', attempts: 1 },
    ],
    ['[[fail=401]]', { error: expect.stringContaining('HTTP 401'), attempts: 1 }],
    ['[[fail=500]]', { error: expect.stringContaining('(provider internal error, HTTP 500)'), attempts: 8 }],
    ['[[fail=429]]', { error: '⚠️ API rate limit reached. Please try again later.', attempts: 8 }],
    ['[[cut]]', { error: 'LLM request failed: network connection error.', attempts: 8 }],
  ] as const;

  test.each(cases)('reports the failure of %s after all attempts', async (message, expected) => {
    const world = await openWorld();
    await world.post(hookBody({ message }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body).toMatchObject({
      success: false,
      aborted: false,
      text: '',
      stopReason: 'error',
      ...expected,
    });
    expect(world.simulator.state().modelCalls).toBe(expected.attempts);
  });

  test('is sent after timeoutSeconds for [[hang]]', async () => {
    const world = await openWorld({ timeoutSecondMs: 10 });
    await world.post(hookBody({ message: '[[hang]]', timeoutSeconds: 5 }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body).toMatchObject({
      success: false,
      aborted: false,
      error: 'Agent run failed: timed out in phase provider',
      stopReason: null,
      usage: null,
      text: '',
    });
    expect(callback?.body.durationMs).toBeGreaterThanOrEqual(49);
  });

  test('can be sent long after timeoutSeconds because of retries', async () => {
    const world = await openWorld({ timeoutSecondMs: 1, modelRetryMs: 10 });
    await world.post(hookBody({ message: '[[fail=500]]', timeoutSeconds: 8 }));

    const [callback] = await world.receiver.until(1);

    expect(callback?.body.durationMs).toBeGreaterThan(60);
  });
});

describe('the model', () => {
  test('names the simulator in its default answer', async () => {
    const world = await openWorld();
    await world.post(hookBody());

    expect((await world.receiver.until(1))[0]?.body.text).toContain('simulator');
  });

  test('answers after [[delay=ms]]', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[delay=50]]' }));

    expect((await world.receiver.until(1))[0]?.body.durationMs).toBeGreaterThanOrEqual(49);
  });

  test('fails for providerCooldownMs after a 401', async () => {
    const world = await openWorld({ providerCooldownMs: 60_000 });
    await world.post(hookBody({ message: '[[fail=401]]', waitForCompletion: true }));

    const { body } = await world.post(hookBody({ message: 'fine', waitForCompletion: true }));

    expect(body.completion.status).toBe('error');
    const { items } = (await world.history('task:1')).body;
    expect(items.at(-1)).toMatchObject({ role: 'custom', customType: 'run-failed-before-reply' });
    expect(world.simulator.state().modelCalls).toBe(1);
  });
});
