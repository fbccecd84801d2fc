import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, hookBody, openWorld, until, type World } from './world.ts';

afterEach(closeWorlds);

const agentParams = (fields: object = {}) => ({
  message: '[[say=ws text]]',
  agentId: 'main',
  sessionKey: 'agent:main:task:ws1',
  idempotencyKey: 'tb-run-1',
  deliver: false,
  timeout: 60,
  ...fields,
});

const openConnection = async (world: World, params: object = {}) => {
  const rpc = await world.rpc(params);
  await rpc.connect();
  return rpc;
};

describe('connect', () => {
  test('is preceded by a challenge and answers the gateway token with protocol 4', async () => {
    const world = await openWorld();
    const rpc = await world.rpc();

    const answer = await rpc.connect();

    expect(rpc.challenge).toMatchObject({
      type: 'event',
      event: 'connect.challenge',
      payload: { nonce: expect.any(String) },
    });
    expect(rpc.upgradeHeaders['x-openclaw-simulator']).toBe('true');
    expect(answer).toMatchObject({ type: 'res', ok: true, payload: { protocol: 4 } });
  });

  test.each([
    [
      'the hooks token',
      (world: World) => ({ auth: { token: world.simulator.hooksToken } }),
      'INVALID_REQUEST',
      1008,
    ],
    ['no token', () => ({ auth: {} }), 'NOT_PAIRED', 1008],
    ['no client', () => ({ client: undefined }), 'INVALID_REQUEST', 1008],
    ['another protocol', () => ({ minProtocol: 5, maxProtocol: 6 }), 'INVALID_REQUEST', 1002],
  ] as const)('with %s is refused, and the socket is closed', async (_what, params, code, closeCode) => {
    const world = await openWorld();
    const rpc = await world.rpc(params(world));

    const answer = await rpc.connect();
    const [closedWith] = await rpc.closed;

    expect(answer).toMatchObject({ ok: false, error: { code } });
    expect(closedWith).toBe(closeCode);
  });

  test('must be the first request', async () => {
    const world = await openWorld();
    const rpc = await world.rpc();

    const answer = await rpc.call('agents.list');

    expect(answer.ok).toBe(false);
    expect((await rpc.closed)[0]).toBe(1008);
  });

  test('closes the socket after a message that is not a frame', async () => {
    const world = await openWorld();
    const rpc = await world.rpc();

    rpc.socket.send('no JSON');

    expect((await rpc.closed)[0]).toBe(1000);
  });
});

describe('sessions.abort', () => {
  test('ends a hook run, whose callback is aborted and whose history has no answer', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await world.post(hookBody({ message: '[[hang]]', sessionKey: 'task:ab1' }));

    const answer = await rpc.call('sessions.abort', { key: 'agent:main:task:ab1' });
    const [callback] = await world.receiver.until(1);

    expect(answer.payload).toEqual({ ok: true, abortedRunId: null, status: 'aborted' });
    expect(callback?.body).toMatchObject({
      success: false,
      aborted: true,
      error: 'agent run aborted',
      stopReason: 'aborted',
    });
    expect((await world.history('task:ab1')).body.items).toHaveLength(1);
  });

  test.each([{ key: 'agent:main:task:none' }, { key: 'agent:main:task:ab1', runId: 'another' }])(
    'aborts nothing for %o, which has no active run',
    async (params) => {
      const world = await openWorld();
      const rpc = await openConnection(world);
      await world.post(hookBody({ message: '[[hang]]', sessionKey: 'task:ab1' }));

      const answer = await rpc.call('sessions.abort', params);

      expect(answer.payload).toEqual({ ok: true, abortedRunId: null, status: 'no-active-run' });
      expect(world.simulator.state().runsRunning).toBe(1);
    },
  );

  test('needs the scope operator.write', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world, { scopes: ['operator.read'] });

    const answer = await rpc.call('sessions.abort', { key: 'agent:main:task:ab1' });

    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN', message: 'missing scope: operator.write' },
    });
  });
});

describe('agent and agent.wait', () => {
  test('start a run with the id that the client chose, and return its status and text', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);

    const accepted = await rpc.call('agent', agentParams());
    const ended = await rpc.call('agent.wait', { runId: 'tb-run-1', timeoutMs: 20_000 });
    const [callback] = await world.receiver.until(1);

    expect(accepted.payload).toEqual({
      runId: 'tb-run-1',
      sessionKey: 'agent:main:task:ws1',
      agentId: 'main',
      status: 'accepted',
      acceptedAt: expect.any(Number),
    });
    expect(ended.payload).toMatchObject({
      runId: 'tb-run-1',
      status: 'ok',
      stopReason: 'stop',
      terminalReply: { disposition: 'visible', text: 'ws text' },
    });
    expect(callback?.body).toMatchObject({ runId: 'tb-run-1', trigger: 'user' });
  });

  test('send a second answer under the id of the request when the run has ended', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams());
    await rpc.call('agent', agentParams({ idempotencyKey: 'tb-run-2', message: '[[fail=400]]' }));
    await until(() => rpc.answersTo('agent').length === 4);

    const ends = rpc.answersTo('agent').filter((frame) => frame.payload.summary !== undefined);
    expect(ends).toEqual([
      expect.objectContaining({
        ok: true,
        payload: expect.objectContaining({ runId: 'tb-run-1', status: 'ok' }),
      }),
      expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'UNAVAILABLE' }) }),
    ]);
  });

  test('return timeout and the times of a run that timed out', async () => {
    const world = await openWorld({ timeoutSecondMs: 10 });
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams({ message: '[[hang]]', timeout: 2 }));

    const ended = await rpc.call('agent.wait', { runId: 'tb-run-1' });

    expect(ended.payload).toMatchObject({
      status: 'timeout',
      endedAt: expect.any(Number),
      timeoutPhase: 'provider',
    });
  });

  test('answer in_flight to a second request with the same key', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams({ message: '[[hang]]' }));

    const second = await rpc.call('agent', agentParams({ message: '[[hang]]' }));

    expect(second.payload).toMatchObject({ runId: 'tb-run-1', status: 'in_flight' });
    expect(world.simulator.state().runsStartedTotal).toBe(1);
  });

  test('truncate the text to 4,096 characters', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams({ message: '[[long=20000]]' }));

    const ended = await rpc.call('agent.wait', { runId: 'tb-run-1' });

    expect(ended.payload.terminalReply.text).toHaveLength(4096);
  });

  test('return timeout for an unknown run and for a run that has not ended', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams({ message: '[[hang]]' }));

    const unknown = await rpc.call('agent.wait', { runId: 'never-existed', timeoutMs: 20 });
    const unfinished = await rpc.call('agent.wait', { runId: 'tb-run-1', timeoutMs: 20 });

    expect(unknown.payload).toEqual({ runId: 'never-existed', status: 'timeout' });
    expect(unfinished.payload).toEqual({ runId: 'tb-run-1', status: 'timeout' });
  });

  test('return error with the stop reason rpc for an aborted run', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams({ message: '[[hang]]' }));

    const aborted = await rpc.call('sessions.abort', { key: 'agent:main:task:ws1', runId: 'tb-run-1' });
    const ended = await rpc.call('agent.wait', { runId: 'tb-run-1' });

    expect(aborted.payload).toEqual({ ok: true, abortedRunId: 'tb-run-1', status: 'aborted' });
    expect(ended.payload).toMatchObject({ status: 'error', stopReason: 'rpc' });
  });

  test('do not wrap the message, unlike /hooks/agent', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);
    await rpc.call('agent', agentParams());
    await rpc.call('agent.wait', { runId: 'tb-run-1' });

    expect((await world.history('agent:main:task:ws1')).body.items[0].content).toBe('[[say=ws text]]');
  });

  test('refuse an unknown agent and missing parameters', async () => {
    const world = await openWorld();
    const rpc = await openConnection(world);

    expect((await rpc.call('agent', agentParams({ agentId: 'ghost' }))).ok).toBe(false);
    expect((await rpc.call('agent', agentParams({ message: undefined }))).error.message).toBe(
      "invalid agent params: must have required property 'message'",
    );
  });
});

test('an unknown method needs a scope that the shared token does not have', async () => {
  const world = await openWorld();
  const rpc = await openConnection(world);

  const answer = await rpc.call('agent.nothing');

  expect(answer).toMatchObject({
    ok: false,
    error: { code: 'FORBIDDEN', message: 'missing scope: operator.admin' },
  });
});

test('agents.list returns the default agent and all agents', async () => {
  const world = await openWorld();
  const rpc = await openConnection(world);

  const { payload } = await rpc.call('agents.list');

  expect(payload).toMatchObject({ defaultId: 'main', agents: [{ id: 'main' }, { id: 'researcher' }] });
});
