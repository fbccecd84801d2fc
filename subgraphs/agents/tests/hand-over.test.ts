import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../../platform/testing/wait.ts';
import { createOpenClawClient } from '../openclaw/client.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50', OPENCLAW_ADMISSION_TIMEOUT_SECONDS: '1' });
});
beforeEach(async () => {
  world.simulator.set({ dispatch: 'normal', callbacks: 'normal' });
  await world.resume();
});
afterAll(() => world.close());

const executionsOf = (sessionKey: string | null | undefined): number =>
  Object.entries(world.simulator.state().runsStarted)
    .filter(([key]) => key.endsWith(sessionKey ?? 'none'))
    .reduce((sum, [, count]) => sum + count, 0);

describe('a hand-over', () => {
  test.each([
    ['drop-before', 'before it was admitted'],
    ['drop-after', 'after it was admitted'],
    ['hang', 'without an answer'],
  ] as const)(
    'is repeated when the connection was lost (%s: %s), and the agent works once',
    async (dispatch, _when) => {
      world.simulator.set({ dispatch, times: 1 });

      const { id } = await world.start();

      const run = await world.runIn(id, 'SUCCEEDED', 30_000);
      expect(executionsOf(run.sessionKey)).toBe(1);
      expect(run.attempt).toBe(1);
    },
  );

  test.each([503, 502, 409, 408])(
    'is repeated with the same bytes after %i, and the slot is free meanwhile',
    async (status) => {
      world.simulator.set({ dispatch: { status }, times: 1 });

      const { id } = await world.start();

      const run = await world.runIn(id, 'SUCCEEDED', 30_000);
      expect(await world.states(run)).toEqual([
        'QUEUED',
        'DISPATCHING',
        'QUEUED',
        'DISPATCHING',
        'RUNNING',
        'SUCCEEDED',
      ]);
      const bodies = world.simulator
        .state()
        .posts.filter(({ idempotencyKey }) => idempotencyKey === `${id}:1`);
      expect(bodies).toHaveLength(2);
      expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
    },
  );

  test('is not repeated before Retry-After when OpenClaw answered 429', async () => {
    world.simulator.set({ dispatch: { status: 429, retryAfterSeconds: 3 }, times: 1 });
    const before = Date.now();

    const { id } = await world.start();

    await world.runIn(id, 'SUCCEEDED', 30_000);
    const posts = world.simulator.state().posts.filter(({ idempotencyKey }) => idempotencyKey === `${id}:1`);
    expect((posts[1]?.at ?? 0) - before).toBeGreaterThanOrEqual(3_000);
  });

  test.each([
    [400, 'OPENCLAW_REFUSED'],
    [413, 'OPENCLAW_REFUSED'],
    [401, 'OPENCLAW_UNAUTHORIZED'],
  ] as const)('is never repeated after %i: %s', async (status, failureCode) => {
    world.simulator.set({ dispatch: { status }, times: 1 });

    const { id } = await world.start();

    const run = await world.runIn(id, 'FAILED');
    expect(run).toMatchObject({ failureCode, slot: null });
    expect(world.simulator.state().posts.filter((post) => post.idempotencyKey === `${id}:1`)).toHaveLength(1);
  });

  test('is admitted by 200 with an unreadable body', async () => {
    world.simulator.set({ dispatch: 'garbage', times: 1 });

    const { id } = await world.start();

    const run = await world.runIn(id, 'SUCCEEDED');
    expect(executionsOf(run.sessionKey)).toBe(1);
  });

  test('that OpenClaw declined for ten minutes ends the run as FAILED', async () => {
    world.simulator.set({ dispatch: { status: 503 } });
    const { id } = await world.start();
    await until('it was declined', async () => (await world.run(id)).handOverFailures > 0);

    await world.age(id, 605);

    expect(await world.runIn(id, 'FAILED', 30_000)).toMatchObject({ failureCode: 'OPENCLAW_UNAVAILABLE' });
  });

  test('does not follow a redirect, which would carry the token elsewhere', async () => {
    const asked: (string | undefined)[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end();
    }).listen(0, '127.0.0.1');
    const redirecting = createServer((_request, response) => {
      const { port } = elsewhere.address() as { port: number };
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => redirecting.once('listening', resolve));
    const { port } = redirecting.address() as { port: number };
    const client = createOpenClawClient({
      url: `http://127.0.0.1:${port}`,
      token: world.config.OPENCLAW_TOKEN,
      gatewayToken: world.config.OPENCLAW_GATEWAY_TOKEN,
      admissionTimeoutMs: 5_000,
    });

    const outcome = await client.runAgent('{}', 'key');

    expect(outcome).toMatchObject({ kind: 'refused', code: 'OPENCLAW_REFUSED' });
    expect(asked).toEqual([]);
    redirecting.close();
    elsewhere.close();
  });
});
