import { afterEach, describe, expect, test } from '@jest/globals';
import { startSimulator } from '../simulator.ts';
import { ask, closeWorlds, openWorld, order } from './world.ts';

afterEach(closeWorlds);

describe('the probes', () => {
  test.each([
    ['/healthz', { ok: true, status: 'live' }],
    ['/readyz', { ready: true, failing: [], uptimeMs: expect.any(Number) }],
    ['/startupz', { ok: true, status: 'started', version: '2026.9.6', uptimeMs: expect.any(Number) }],
  ])('GET %s is 200 without a token', async (path, body) => {
    const world = await openWorld();

    const answer = await ask(world.simulator.url + path);

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(body);
  });
});

describe('GET /v1/models', () => {
  test('lists the gateway, its default and each agent', async () => {
    const world = await openWorld();

    const { body } = await world.get('/v1/models');

    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([
      'openclaw',
      'openclaw/default',
      'openclaw/main',
      'openclaw/researcher',
    ]);
  });

  test('with the hooks token is 401', async () => {
    const world = await openWorld();

    const answer = await world.get('/v1/models', { authorization: `Bearer ${world.simulator.hooksToken}` });

    expect(answer.status).toBe(401);
  });
});

test('every answer says that it comes from the simulator', async () => {
  const world = await openWorld();
  const answers = [
    await world.get('/healthz'),
    await world.get('/nowhere'),
    await world.get('/__simulator'),
    await world.history('task:none'),
    await world.post(order()),
    await world.post({}),
    await world.post(order(), { authorization: 'Bearer wrong' }),
  ];

  expect(answers.map(({ headers }) => headers.get('x-openclaw-simulator'))).toEqual(Array(7).fill('true'));
});

test('a taken port is an error of startSimulator and nothing else', async () => {
  const world = await openWorld();

  await expect(startSimulator({ port: world.simulator.port })).rejects.toThrow(/EADDRINUSE/);
});

test('stopping ends at once, whatever runs or waits', async () => {
  const world = await openWorld({ slots: 1, callbackRetryFirstMs: 60_000 });
  world.board.refuse(503);
  await world.post(order({ waitForCompletion: true }));
  await world.post(order({ message: '[[hang]]' }));
  const waiting = expect(world.post(order({ sessionKey: 'task:2' }))).rejects.toThrow();

  await world.simulator.stop();

  await waiting;
  await expect(ask(`${world.simulator.url}/healthz`)).rejects.toThrow();
});
