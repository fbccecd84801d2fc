import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, closeWorlds, hookBody, openWorld, type World } from './world.ts';

afterEach(closeWorlds);

const postWith = (world: World, headers: Record<string, string>, path = '/hooks/agent') =>
  ask(world.simulator.url + path, { method: 'POST', headers, body: JSON.stringify(hookBody()) });

const bad = { authorization: 'Bearer wrong' };

describe('the hooks token', () => {
  test('is accepted in x-openclaw-token', async () => {
    const world = await openWorld();

    const answer = await postWith(world, { 'x-openclaw-token': world.simulator.hooksToken });

    expect(answer.status).toBe(200);
  });

  test('in Authorization takes precedence over x-openclaw-token', async () => {
    const world = await openWorld();

    const answer = await postWith(world, { ...bad, 'x-openclaw-token': world.simulator.hooksToken });

    expect(answer.status).toBe(401);
  });

  test.each([
    ['wrong', bad],
    ['absent', {}],
  ])('is answered 401 in plain text when it is %s', async (_what, headers: Record<string, string>) => {
    const world = await openWorld();

    const answer = await postWith(world, headers);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.text).toBe('Unauthorized');
  });

  test('cannot be replaced by the gateway token', async () => {
    const world = await openWorld();

    const answer = await postWith(world, { authorization: `Bearer ${world.simulator.gatewayToken}` });

    expect(answer.status).toBe(401);
  });

  test('in the query is answered 400 in plain text, even when it is correct', async () => {
    const world = await openWorld();

    const answer = await postWith(world, {}, `/hooks/agent?token=${world.simulator.hooksToken}`);

    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/^Hook token must be provided via Authorization/);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  });
});

describe('an unknown method or path', () => {
  test('GET is answered 405 in plain text with Allow: POST', async () => {
    const world = await openWorld();

    const answer = await world.get('/hooks/agent');

    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  });

  test.each(['/hooks/nothing', '/hooks', '/elsewhere'])('%s is answered 404 in plain text', async (path) => {
    const world = await openWorld();

    const answer = await world.raw(path, '{}');

    expect(answer.status).toBe(404);
    expect(answer.text).toBe('Not Found');
  });
});

describe('twenty wrong tokens in a minute', () => {
  const postWithWrongToken = async (world: World, times: number) => {
    const statuses: number[] = [];
    for (let n = 0; n < times; n++) statuses.push((await postWith(world, bad)).status);
    return statuses;
  };

  test('cause 429 in plain text with Retry-After: 60 for the next wrong token', async () => {
    const world = await openWorld();

    expect(new Set(await postWithWrongToken(world, 20))).toEqual(new Set([401]));
    const answer = await postWith(world, bad);

    expect(answer.status).toBe(429);
    expect(answer.text).toBe('Too Many Requests');
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(world.simulator.state().badTokens).toBe(21);
  });

  test('do not lock out the correct token, which resets the count', async () => {
    const world = await openWorld();
    await postWithWrongToken(world, 21);

    expect((await world.post(hookBody())).status).toBe(200);

    expect(await postWithWrongToken(world, 1)).toEqual([401]);
  });

  test('no longer count after the minute', async () => {
    const world = await openWorld({ badTokensWindowMs: 300 });
    expect(await postWithWrongToken(world, 21)).toContain(429);

    await new Promise((resolve) => setTimeout(resolve, 310));

    expect(await postWithWrongToken(world, 1)).toEqual([401]);
  });
});
