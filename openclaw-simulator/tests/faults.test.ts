import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, hookBody, openWorld, postAndDisconnect, until } from './world.ts';

afterEach(closeWorlds);

const KEY = { 'idempotency-key': 'run-1:1' };

describe('the dispatch fault', () => {
  test('drop-before cuts the connection and starts no run', async () => {
    const world = await openWorld();
    world.simulator.set({ dispatch: 'drop-before' });

    await expect(world.post(hookBody())).rejects.toThrow();

    expect(world.simulator.state()).toMatchObject({ postsReceived: 1, runsStartedTotal: 0 });
  });

  test('drop-after cuts the connection, and a post with the same key attaches to the run', async () => {
    const world = await openWorld();
    world.simulator.set({ dispatch: 'drop-after', times: 1 });

    await expect(world.post(hookBody(), KEY)).rejects.toThrow();
    const again = await world.post(hookBody(), KEY);

    expect(again.status).toBe(200);
    expect(world.simulator.state()).toMatchObject({ postsReceived: 2, runsStartedTotal: 1 });
  });

  test('garbage answers 200 with a body that is not JSON, and starts the run', async () => {
    const world = await openWorld();
    world.simulator.set({ dispatch: 'garbage' });

    const answer = await world.post(hookBody());

    expect(answer.status).toBe(200);
    expect(() => JSON.parse(answer.text)).toThrow();
    expect(world.simulator.state().runsStartedTotal).toBe(1);
  });

  test('hang sends no answer and starts no run', async () => {
    const world = await openWorld();
    world.simulator.set({ dispatch: 'hang' });

    await postAndDisconnect(world.simulator, hookBody(), () =>
      until(() => world.simulator.state().postsReceived === 1),
    );
    await world.simulator.idle();

    expect(world.simulator.state().runsStartedTotal).toBe(0);
  });

  const shapes = [
    [400, { ok: false, error: expect.any(String) }],
    [401, 'Unauthorized'],
    [409, { ok: false, error: 'hook configuration changed; retry request' }],
    [429, 'Too Many Requests'],
    [502, { ok: false, error: expect.any(String) }],
    [
      503,
      {
        error: {
          message: 'Gateway is temporarily unavailable while suspending or restarting',
          type: 'service_unavailable',
          code: 'gateway_unavailable',
        },
      },
    ],
  ] as const;

  test.each(shapes)('status %i is answered in OpenClaw’s shape for it', async (status, body) => {
    const world = await openWorld();
    world.simulator.set({ dispatch: { status, retryAfterSeconds: 30 } });

    const answer = await world.post(hookBody());

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual(body);
    expect(answer.headers.get('retry-after')).toBe('30');
    expect(world.simulator.state().runsStartedTotal).toBe(0);
  });

  test('applies to as many posts as `times` says', async () => {
    const world = await openWorld();
    world.simulator.set({ dispatch: { status: 503 }, times: 2 });

    const answers = [
      await world.post(hookBody()),
      await world.post(hookBody()),
      await world.post(hookBody()),
    ];

    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
  });
});

describe('the callback fault', () => {
  test('never suppresses the callbacks of as many runs as `times` says', async () => {
    const world = await openWorld();
    world.simulator.set({ callbacks: 'never', times: 1 });

    await world.post(hookBody({ message: '[[say=one]]', waitForCompletion: true }));
    await world.post(hookBody({ message: '[[say=two]]', waitForCompletion: true }));
    await world.simulator.idle();

    expect(world.receiver.received.map(({ body }) => body.text)).toEqual(['two']);
  });

  test('duplicate sends the same message twice', async () => {
    const world = await openWorld();
    world.simulator.set({ callbacks: 'duplicate' });

    await world.post(hookBody());
    const [first, second] = await world.receiver.until(2);

    expect(second?.raw).toBe(first?.raw);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  test('lateMs sends the callback that long after the end of the run', async () => {
    const world = await openWorld();
    world.simulator.set({ callbacks: { lateMs: 50 } });

    await world.post(hookBody({ waitForCompletion: true }));
    expect(world.receiver.received).toHaveLength(0);
    const [callback] = await world.receiver.until(1);

    expect(Date.now() - (callback?.body.endedAt ?? 0)).toBeGreaterThanOrEqual(49);
  });

  test('before-answer delivers the callback before the post is answered', async () => {
    const world = await openWorld();
    world.simulator.set({ callbacks: 'before-answer' });

    const answer = await world.post(hookBody({ message: '[[delay=30]]' }));

    expect(answer.body).toEqual({ ok: true, runId: expect.any(String) });
    expect(world.receiver.received).toHaveLength(1);
  });
});

describe('the model’s defaults', () => {
  test('can be changed at run time, and markers override them', async () => {
    const world = await openWorld();
    world.simulator.set({ answer: 'new default', delayMs: 30 });

    await world.post(hookBody());
    await world.post(hookBody({ message: '[[say=marked]] [[delay=0]]' }));
    const [plain, marked] = await world.receiver.until(2);

    expect(plain?.body.text).toBe('new default');
    expect(plain?.body.durationMs).toBeGreaterThanOrEqual(29);
    expect(marked?.body.text).toBe('marked');
  });

  test('can make every run fail, and can be reset', async () => {
    const world = await openWorld();
    const status = async () =>
      (await world.post(hookBody({ waitForCompletion: true }))).body.completion.status;

    world.simulator.set({ failStatus: 400 });
    expect(await status()).toBe('error');
    world.simulator.set({ failStatus: null });
    expect(await status()).toBe('ok');
  });
});

describe('/__simulator', () => {
  test('POST changes faults and returns the state', async () => {
    const world = await openWorld();

    const answer = await world.control({ dispatch: { status: 429, retryAfterSeconds: 3 }, times: 1 });

    expect(answer.status).toBe(200);
    expect(answer.body.faults.dispatch).toEqual({ fault: { status: 429, retryAfterSeconds: 3 }, left: 1 });
    expect((await world.post(hookBody())).status).toBe(429);
  });

  test('GET counts posts, runs of each session and callbacks', async () => {
    const world = await openWorld();
    await world.post(hookBody(), KEY);
    await world.simulator.idle();

    const { body } = await world.get('/__simulator');

    expect(body).toMatchObject({
      postsReceived: 1,
      posts: [{ idempotencyKey: 'run-1:1', body: JSON.stringify(hookBody()) }],
      runsStarted: { 'agent:main:task:1': 1 },
      concurrentMax: 1,
      callbacksDelivered: 1,
    });
  });

  test.each([{ dispatch: 'explode' }, { unknown: 1 }, { times: 0 }])(
    'POST of %o is answered 400',
    async (change) => {
      const world = await openWorld();

      expect((await world.control(change)).status).toBe(400);
    },
  );

  test('POST with a content type that any web page may send is answered 415', async () => {
    const world = await openWorld();

    const answer = await world.raw('/__simulator', '{}', { 'content-type': 'text/plain' });

    expect(answer.status).toBe(415);
  });

  test('POST restarts the gateway and answers when it is ready again', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[hang]]' }));

    const { body } = await world.control({ restart: true });

    expect(body.runsRunning).toBe(0);
    expect((await world.get('/readyz')).status).toBe(200);
  });
});
