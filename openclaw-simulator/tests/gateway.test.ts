import { afterEach, describe, expect, test } from '@jest/globals';
import { startSimulator } from '../simulator.ts';
import { ask, closeWorlds, hookBody, openWorld } from './world.ts';

afterEach(closeWorlds);

describe('the probes', () => {
  test.each([
    ['/healthz', { ok: true, status: 'live' }],
    ['/readyz', { ready: true, failing: [], uptimeMs: expect.any(Number) }],
    ['/startupz', { ok: true, status: 'started', version: '2026.9.6', uptimeMs: expect.any(Number) }],
  ])('GET %s is answered 200 without a token', async (path, body) => {
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

  test('is answered 401 with the hooks token', async () => {
    const world = await openWorld();

    const answer = await world.get('/v1/models', { authorization: `Bearer ${world.simulator.hooksToken}` });

    expect(answer.status).toBe(401);
  });
});

test('every answer has the header x-openclaw-simulator', async () => {
  const world = await openWorld();
  const answers = [
    await world.get('/healthz'),
    await world.get('/nowhere'),
    await world.get('/__simulator'),
    await world.history('task:none'),
    await world.post(hookBody()),
    await world.post({}),
    await world.post(hookBody(), { authorization: 'Bearer wrong' }),
  ];

  expect(answers.map(({ headers }) => headers.get('x-openclaw-simulator'))).toEqual(Array(7).fill('true'));
});

test('startSimulator rejects when the port is in use', async () => {
  const world = await openWorld();

  await expect(startSimulator({ port: world.simulator.port })).rejects.toThrow(/EADDRINUSE/);
});

test('stop ends at once while runs are active or waiting', async () => {
  const world = await openWorld({ slots: 1, callbackRetryFirstMs: 60_000 });
  world.receiver.refuse(503);
  await world.post(hookBody({ waitForCompletion: true }));
  await world.post(hookBody({ message: '[[hang]]' }));
  const waiting = expect(world.post(hookBody({ sessionKey: 'task:2' }))).rejects.toThrow();

  await world.simulator.stop();

  await waiting;
  await expect(ask(`${world.simulator.url}/healthz`)).rejects.toThrow();
});
