import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, closeWorlds, hookBody, openWorld } from './world.ts';

afterEach(closeWorlds);

const completed = (fields: object) => hookBody({ waitForCompletion: true, ...fields });

describe('the history of a persistent session', () => {
  test('has the key agent:<agentId>:<key> and lists prompt and answer in both items and messages', async () => {
    const world = await openWorld();
    await world.post(completed({ message: '[[say=hello waiting]]' }));

    const { status, body } = await world.history('agent:main:task:1');

    expect(status).toBe(200);
    expect(body).toMatchObject({ sessionKey: 'agent:main:task:1', hasMore: false });
    expect(body.messages).toEqual(body.items);
    const [asked, answered] = body.items;
    expect(asked).toMatchObject({ role: 'user', content: expect.stringContaining('[[say=hello waiting]]') });
    expect(answered).toMatchObject({
      role: 'assistant',
      content: [{ type: 'text', text: 'hello waiting' }],
      stopReason: 'stop',
      usage: { input: expect.any(Number), output: expect.any(Number), totalTokens: expect.any(Number) },
      timestamp: expect.any(Number),
      __openclaw: { runId: expect.any(String), id: expect.any(String), seq: 2 },
    });
  });

  test('has a run id that differs from the one in the HTTP answer', async () => {
    const world = await openWorld();
    const { body: posted } = await world.post(completed({}));

    const { body } = await world.history('agent:main:task:1');

    expect(body.items[1].__openclaw.runId).not.toBe(posted.runId);
  });

  test('is stored under the key in lower case', async () => {
    const world = await openWorld();
    await world.post(completed({ sessionKey: 'task:ABC-Def' }));

    expect((await world.history('agent:main:task:abc-def')).status).toBe(200);
  });

  test('is found by the short key for the default agent only', async () => {
    const world = await openWorld();
    await world.post(completed({ sessionKey: 'task:43' }));
    await world.post(completed({ sessionKey: 'task:same', agentId: 'researcher' }));

    expect((await world.history('task:43')).body.sessionKey).toBe('agent:main:task:43');
    expect((await world.history('task:same')).status).toBe(404);
    expect((await world.history('agent:researcher:task:same')).status).toBe(200);
  });

  test('continues with later runs of the session', async () => {
    const world = await openWorld();
    await world.post(completed({ message: 'one' }));
    await world.post(completed({ message: 'two' }));

    const { body } = await world.history('task:1');

    expect(body.items.map((row: { role: string }) => row.role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ]);
  });

  test('shows the prompt of a run that has not ended', async () => {
    const world = await openWorld();
    await world.post(hookBody({ message: '[[hang]]' }));

    const { body } = await world.history('task:1');

    expect(body.items).toHaveLength(1);
    expect(body.items[0].role).toBe('user');
  });

  test('truncates a text of 20,000 characters to 8,018', async () => {
    const world = await openWorld();
    await world.post(completed({ message: '[[long=20000]]' }));

    const { body } = await world.history('task:1');

    expect(body.items[1].__openclaw).toMatchObject({ truncated: true, reason: 'display-cap' });
    const { text } = body.items[1].content[0];
    expect(text).toHaveLength(8018);
    expect(text.endsWith('\n...(truncated)...')).toBe(true);
  });

  test('omits a final NO_REPLY', async () => {
    const world = await openWorld();
    await world.post(completed({ message: '[[say=NO_REPLY]]' }));

    expect((await world.history('task:1')).body.items).toHaveLength(1);
  });

  test('shows an empty answer without content', async () => {
    const world = await openWorld();
    await world.post(completed({ message: '[[empty]]' }));

    expect((await world.history('task:1')).body.items[1]).toMatchObject({ content: [], stopReason: 'stop' });
  });

  test('shows a timed-out answer as aborted', async () => {
    const world = await openWorld({ timeoutSecondMs: 10 });
    await world.post(completed({ message: '[[hang]]', timeoutSeconds: 3 }));

    expect((await world.history('task:1')).body.items[1]).toMatchObject({
      content: [{ type: 'text', text: '' }],
      stopReason: 'aborted',
      errorMessage: 'request timed out',
    });
  });

  test('shows a failure as a notice with the stop reason error', async () => {
    const world = await openWorld();
    await world.post(completed({ message: '[[fail=400]]' }));

    expect((await world.history('task:1')).body.items[1]).toMatchObject({
      content: [{ type: 'text', text: '⚠️ LLM request failed (request format rejected, HTTP 400).' }],
      stopReason: 'error',
    });
  });

  test('shows no run id on a user’s row', async () => {
    const world = await openWorld();
    await world.post(completed({}));

    expect((await world.history('task:1')).body.items[0].__openclaw).not.toHaveProperty('runId');
  });
});

describe('a page of history', () => {
  const openLong = async () => {
    const world = await openWorld();
    for (const n of [1, 2, 3]) await world.post(completed({ message: `[[say=answer ${n}]]` }));
    return world;
  };
  const seqs = (body: { items: { __openclaw: { seq: number } }[] }) =>
    body.items.map((row) => row.__openclaw.seq);

  test('contains the newest rows, oldest first, and a cursor to older rows', async () => {
    const world = await openLong();

    const newest = (await world.history('task:1', '?limit=2')).body;
    const older = (await world.history('task:1', `?limit=3&cursor=${newest.nextCursor}`)).body;
    const oldest = (await world.history('task:1', `?limit=3&cursor=${older.nextCursor}`)).body;

    expect(newest).toMatchObject({ hasMore: true, nextCursor: '5' });
    expect([seqs(newest), seqs(older), seqs(oldest)]).toEqual([[5, 6], [2, 3, 4], [1]]);
    expect(oldest.hasMore).toBe(false);
    expect(oldest).not.toHaveProperty('nextCursor');
  });

  test('accepts a limit above its maximum of 1,000 rows', async () => {
    const world = await openLong();

    expect((await world.history('task:1', '?limit=99999')).status).toBe(200);
  });

  test.each(['0', 'abc', '-1', '1.5'])('is refused with 400 for the limit %s', async (limit) => {
    const world = await openLong();

    const answer = await world.history('task:1', `?limit=${limit}`);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: { message: 'limit must be a positive integer', type: 'invalid_request_error' },
    });
  });
});

describe('a refused history request', () => {
  test('is answered 404 in the typed shape for an isolated run', async () => {
    const world = await openWorld();
    await world.post(completed({ sessionMode: undefined, sessionKey: 'task:42' }));

    const answer = await world.history('task:42');

    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      ok: false,
      error: { type: 'not_found', message: 'Session not found: task:42' },
    });
    expect(Object.keys(world.simulator.state().runsStarted)[0]).toMatch(
      /^agent:main:cron:[0-9a-f-]+:run:[0-9a-f-]+$/,
    );
  });

  test('is answered 401 for the hooks token', async () => {
    const world = await openWorld();
    await world.post(completed({}));

    const answer = await world.get('/sessions/task:1/history', {
      authorization: `Bearer ${world.simulator.hooksToken}`,
    });

    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: { message: 'Unauthorized', type: 'unauthorized' } });
  });

  test('is answered 400 for a key that cannot be decoded', async () => {
    const world = await openWorld();

    const answer = await world.get('/sessions/%zz/history');

    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toBe('invalid session key');
  });

  test('is answered 404 in plain text under /api', async () => {
    const world = await openWorld();

    const answer = await world.get('/api/sessions/task:1/history');

    expect(answer.status).toBe(404);
    expect(answer.text).toBe('Not Found');
  });

  test('is answered 405 for a POST', async () => {
    const world = await openWorld();
    const authorization = `Bearer ${world.simulator.gatewayToken}`;

    const answer = await ask(`${world.simulator.url}/sessions/task:1/history`, {
      method: 'POST',
      headers: { authorization },
    });

    expect(answer.status).toBe(405);
  });
});

test('a session cannot be killed over HTTP with the shared token', async () => {
  const world = await openWorld();
  const authorization = `Bearer ${world.simulator.gatewayToken}`;

  const answer = await ask(`${world.simulator.url}/sessions/task:1/kill`, {
    method: 'POST',
    headers: { authorization },
  });

  expect(answer.status).toBe(403);
  expect(answer.text).toContain('missing scope: operator.admin');
});
