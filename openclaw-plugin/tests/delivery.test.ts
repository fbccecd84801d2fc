import { afterEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { until } from '../../platform/testing/wait.ts';
import { closeWorlds, expectedSignature, openWorld, SECRET } from './world.ts';

afterEach(closeWorlds);

describe('the signature of a callback', () => {
  test('is accepted by the standardwebhooks library with the correct secret only', async () => {
    const world = await openWorld();
    await world.run();

    const [post] = await world.receiver.until(1);

    const headers = post!.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(post!.raw, headers)).toEqual(post!.body);
    const other = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`);
    expect(() => other.verify(post!.raw, headers)).toThrow('No matching signature');
    expect(() => new Webhook(SECRET).verify(`${post!.raw} `, headers)).toThrow('No matching signature');
  });

  test('has the same webhook-id and a new time at each attempt', async () => {
    const world = await openWorld();
    world.receiver.answers = [503, 503];
    await world.run();

    await world.advanceToNextTimer();
    await world.receiver.until(2);
    await world.advanceToNextTimer();
    const posts = await world.receiver.until(3);

    expect(new Set(posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(posts[0]?.headers['webhook-id']).toMatch(/^msg_[0-9a-f-]{36}$/);
    for (const post of posts) {
      expect(post.headers['webhook-timestamp']).toBe(String(Math.floor(post.at / 1000)));
      expect(post.headers['webhook-signature']).toBe(expectedSignature(post));
    }
    expect(new Set(posts.map(({ raw }) => raw)).size).toBe(1);
  });

  test('covers the bytes of a text in any script', async () => {
    const world = await openWorld();
    const content = [{ type: 'text', text: 'Grüße, 世界 😀 \u0000' }];
    await world.run({ attempts: [[{ role: 'assistant', content, stopReason: 'stop' }]] });

    const [post] = await world.receiver.until(1);

    expect(post?.headers['webhook-signature']).toBe(expectedSignature(post!));
    expect(post?.headers['content-type']).toBe('application/json');
  });
});

describe('an undelivered callback', () => {
  test('is sent again after 1 s, 5 s, 30 s, 2 min, then every 5 min', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await world.run();

    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      await world.receiver.until(attempt);
      pauses.push(await world.advanceToNextTimer());
    }

    expect(pauses).toEqual([1000, 5000, 30_000, 120_000, 300_000, 300_000]);
  });

  test.each([408, 409, 425, 429, 500, 502, 503, 504])(
    'is sent again after 1 s when it is answered %i',
    async (status) => {
      const world = await openWorld();
      world.receiver.answers = [status];
      await world.run();

      expect(await world.advanceToNextTimer()).toBe(1000);

      await world.receiver.until(2);
      await world.untilEmpty();
      expect(await world.dead()).toEqual([]);
    },
  );

  test('is sent again when the connection fails', async () => {
    const world = await openWorld({ url: 'http://127.0.0.1:1/agents/callback' });
    await world.run();

    expect(await world.advanceToNextTimer()).toBe(1000);

    expect(world.log.at(-1)).toMatch(/^warn .*not delivered: session "agent:main:task:1".*no connection/);
    expect(await world.outbox()).toHaveLength(1);
  });

  test('is sent again when no answer arrives within the timeout', async () => {
    const world = await openWorld({ timeoutSeconds: 1 });
    world.receiver.answers = ['hold'];
    await world.run();

    await world.untilLogged('no answer within 1000 ms');
    await world.advanceToNextTimer();

    await world.receiver.until(2);
    await world.untilEmpty();
  });

  test.each([
    ['seconds', () => '42', 42_000],
    ['a date', (now: number) => new Date(now + 60_000).toUTCString(), 59_000],
    ['days, bounded to one hour', () => '864000', 3_600_000],
  ])('is not sent again before the time in Retry-After: %s', async (_kind, header, waitMs) => {
    const world = await openWorld();
    world.receiver.answers = [{ status: 503, headers: { 'retry-after': header(world.clock.now()) } }];
    await world.run();

    const ms = await world.advanceToNextTimer();

    expect(ms).toBeGreaterThanOrEqual(waitMs);
    expect(ms).toBeLessThanOrEqual(waitMs + 1000);
  });

  test('is sent again after its own delay when Retry-After is not a time', async () => {
    const world = await openWorld();
    world.receiver.answers = [{ status: 503, headers: { 'retry-after': 'soon' } }];
    await world.run();

    expect(await world.advanceToNextTimer()).toBe(1000);
  });

  test('with Retry-After delays all other callbacks', async () => {
    const world = await openWorld();
    world.receiver.answers = [{ status: 429, headers: { 'retry-after': '60' } }];
    await world.run({ sessionKey: 'agent:main:task:1' });
    await world.untilLogged('next attempt in 60 s');

    await world.run({ sessionKey: 'agent:main:task:2' });
    expect(await world.advanceToNextTimer()).toBe(60_000);

    const posts = await world.receiver.until(3);
    expect(posts.map(({ at }) => at - posts[0]!.at)).toEqual([0, 60_000, 60_000]);
  });

  test.each([301, 307, 308])(
    'is not sent to the address of a redirect (%i), and the log says so',
    async (status) => {
      const world = await openWorld();
      const elsewhere = await openWorld();
      world.receiver.answers = [{ status, headers: { location: elsewhere.receiver.url } }];
      await world.run();

      expect(await world.advanceToNextTimer()).toBe(300_000);

      await world.receiver.until(2);
      expect(world.log.find((line) => line.startsWith('error'))).toContain('redirects are not followed');
      expect(elsewhere.receiver.posts).toEqual([]);
    },
  );

  test.each([401, 403])('is sent again every 5 minutes when it is answered %i', async (status) => {
    const world = await openWorld();
    world.receiver.defaultAnswer = status;
    await world.run();

    const pauses = [await world.advanceToNextTimer()];
    await world.receiver.until(2);
    pauses.push(await world.advanceToNextTimer());
    world.receiver.defaultAnswer = 200;

    await world.untilEmpty();
    expect(pauses).toEqual([300_000, 300_000]);
    expect(await world.dead()).toEqual([]);
  });

  test('that is answered 401 logs what to check', async () => {
    const world = await openWorld();
    world.receiver.answers = [401];
    await world.run();

    const line = await world.untilLogged('HTTP 401');

    expect(line).toMatch(/^error .*`secret`.*OPENCLAW_CALLBACK_SECRET.*clocks/);
  });

  test.each([400, 404, 410, 413, 422])(
    'is moved to dead/ and not sent again when it is answered %i',
    async (status) => {
      const world = await openWorld();
      world.receiver.answers = [status];
      await world.run();

      const line = await world.untilLogged('given up');
      await until('a file in dead/', async () => (await world.dead()).length === 1);

      expect(line).toMatch(new RegExp(`^error .*session "agent:main:task:1".*HTTP ${status}`));
      expect(await world.outbox()).toEqual([]);
      expect(world.clock.nextInMs()).toBeUndefined();
      expect(world.receiver.posts).toHaveLength(1);
    },
  );

  test('is moved to dead/ after 24 hours', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    const createdAt = world.clock.now();
    await world.run();

    while ((await world.dead()).length === 0) {
      const count = world.receiver.posts.length;
      await until('an attempt or the end', async () => world.clock.nextInMs() || (await world.dead()).length);
      if (!world.clock.nextInMs()) break;
      await world.advanceToNextTimer();
      await world.receiver.until(count + 1);
    }

    const ageMs = world.receiver.posts.at(-1)!.at - createdAt;
    expect(ageMs).toBeGreaterThan(24 * 3_600_000 - 300_001);
    expect(ageMs).toBeLessThanOrEqual(24 * 3_600_000);
    expect(world.log.at(-1)).toMatch(/^error .*given up/);
  });
});

describe('the delivery queue', () => {
  test('sends the callbacks of one session one at a time, oldest first', async () => {
    const world = await openWorld();
    world.receiver.answers = ['hold'];
    await world.run({ runId: 'older' });
    await world.receiver.until(1);
    await world.run({ runId: 'newer' });
    await world.run({ sessionKey: 'agent:main:task:other', runId: 'other' });

    await world.receiver.until(2);
    const before = world.receiver.posts.map(({ body }) => body.runId);
    world.receiver.release();
    await world.receiver.until(3);

    expect(before).toEqual(['older', 'other']);
    expect(world.receiver.posts.map(({ body }) => body.runId)).toEqual(['older', 'other', 'newer']);
  });

  test('sends at most four callbacks at the same time', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 'hold';
    for (let task = 0; task < 9; task++) await world.run({ sessionKey: `agent:main:task:${task}` });

    const heldAtOnce: number[] = [];
    while (world.receiver.posts.length < 9) {
      const expected = Math.min(4, 9 - world.receiver.posts.length);
      await until(`${expected} held`, () => world.receiver.held.length >= expected);
      heldAtOnce.push(world.receiver.held.length);
      world.receiver.release();
    }
    world.receiver.release();

    expect(heldAtOnce).toEqual([4, 4, 1]);
  });
});
