import { afterEach, describe, expect, test } from '@jest/globals';
import { assistant, closeWorlds, failed, makeRun, openWorld, user } from './world.ts';

afterEach(closeWorlds);

type Options = NonNullable<Parameters<Awaited<ReturnType<typeof openWorld>>['run']>[0]>;

/** Runs an agent and returns the body of its callback. */
async function bodyOf(options: Options) {
  const world = await openWorld();
  await world.run(options);
  const [post] = await world.receiver.until(1);
  return post!.body;
}

/** Checks that `act` causes no callback: only the callback of a later run arrives. */
async function expectNoReport(act: (world: Awaited<ReturnType<typeof openWorld>>) => Promise<unknown>) {
  const world = await openWorld();
  await act(world);
  await world.run({ sessionKey: 'agent:main:task:after' });
  await world.untilEmpty();
  expect(world.receiver.posts.map(({ body }) => body.sessionKey)).toEqual(['agent:main:task:after']);
  return world;
}

describe('the report of a run', () => {
  test('that succeeded has exactly these fields', async () => {
    const body = await bodyOf({ runId: 'run-a' });

    expect(body).toEqual({
      runId: 'run-a',
      sessionKey: 'agent:main:task:1',
      sessionId: 'session-1',
      agentId: 'main',
      trigger: 'cron',
      success: true,
      aborted: false,
      text: 'final text',
      error: null,
      stopReason: 'stop',
      usage: { input: 100, output: 20, totalTokens: 120 },
      provider: 'stub',
      model: 'stub-1',
      attempts: 1,
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
      durationMs: 460,
    });
    expect(body.endedAt - body.startedAt).toBe(460);
  });

  test('is one failure for eight failed attempts whose agent_end has success: true', async () => {
    const attempts = Array.from({ length: 8 }, () => [user('do it'), failed('500 stub failure 500')]);
    const world = await openWorld();

    await world.run({ attempts, end: { phase: 'error', error: 'LLM request failed: server error.' } });

    await world.untilEmpty();
    expect(world.receiver.posts).toHaveLength(1);
    expect(world.receiver.posts[0]?.body).toMatchObject({
      success: false,
      aborted: false,
      text: '',
      error: 'LLM request failed: server error.',
      stopReason: 'error',
      attempts: 8,
    });
  });

  test('is a success when a later attempt succeeded', async () => {
    const attempts = [
      [user('do it'), failed('500')],
      [user('do it'), assistant('at last')],
    ];

    const body = await bodyOf({ attempts });

    expect(body).toMatchObject({ success: true, text: 'at last', error: null, attempts: 2 });
  });

  test('is a failure when the phase is end but the last message is an error', async () => {
    const body = await bodyOf({ attempts: [[user('do it'), failed('400 no such model')]] });

    expect(body).toMatchObject({ success: false, error: '400 no such model' });
  });

  test('is a failure when the phase is end but the last message was aborted', async () => {
    const cut = assistant('half an ans', { stopReason: 'aborted', errorMessage: 'request timed out' });

    const body = await bodyOf({ attempts: [[user('do it'), cut]] });

    expect(body).toMatchObject({ success: false, error: 'request timed out', stopReason: 'aborted' });
  });

  test('of an aborted run has aborted: true', async () => {
    const end = { phase: 'error', aborted: true, error: 'agent run aborted' };

    const body = await bodyOf({ attempts: [[user('x'), assistant('', { stopReason: 'aborted' })]], end });

    expect(body).toMatchObject({ success: false, aborted: true, error: 'agent run aborted' });
  });

  test('of a timed-out run names the phase, which OpenClaw’s error omits', async () => {
    const end = { phase: 'error', aborted: false, error: 'Agent run failed', timeoutPhase: 'provider' };

    const body = await bodyOf({ attempts: [[user('x')]], end });

    expect(body).toMatchObject({
      success: false,
      aborted: false,
      error: 'Agent run failed: timed out in phase provider',
      stopReason: null,
    });
  });

  test('is a failure when a restart of the gateway aborted the run, although its phase is end', async () => {
    const body = await bodyOf({ end: { phase: 'end', aborted: true, stopReason: 'restart' } });

    expect(body).toMatchObject({ success: false, aborted: true, error: 'The run was aborted' });
  });

  test('of a run that did not reach the model has no text, no usage and no attempt', async () => {
    const body = await bodyOf({ attempts: [], end: { phase: 'error', error: 'provider is disabled' } });

    expect(body).toMatchObject({
      success: false,
      text: '',
      usage: null,
      provider: null,
      attempts: 0,
      error: 'provider is disabled',
    });
  });

  test('does not contain the answer of an earlier turn of the session', async () => {
    const attempts = [[user('one'), assistant('first answer'), user('two')]];

    const body = await bodyOf({ attempts, end: { phase: 'error', error: 'Agent run failed' } });

    expect(body).toMatchObject({ text: '', usage: null, stopReason: null });
  });

  test('has the text parts of the last message and the tokens of all messages of the turn', async () => {
    const toolCall = assistant('I look it up', {
      stopReason: 'toolUse',
      usage: { input: 10, cost: { total: 1 } },
    });
    const answer = assistant('', {
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'It is ' },
        { type: 'text', text: '42.' },
      ],
      usage: { input: 30, output: 5, cost: { total: 2 } },
    });

    const body = await bodyOf({ attempts: [[user('x'), toolCall, { role: 'toolResult' }, answer]] });

    expect(body.text).toBe('It is 42.');
    expect(body.usage).toEqual({ input: 40, output: 5, cost: { total: 3 } });
  });

  test('has the start of the first attempt', async () => {
    const world = await openWorld();
    const run = makeRun(
      { end: { startedAt: world.clock.now() + 5000, endedAt: world.clock.now() + 6000 } },
      world.clock.now(),
    );
    const { hooks, events } = world.gateway;

    await events.emit(run.start);
    await events.emit({ ...run.start, data: { phase: 'start', startedAt: world.clock.now() + 5000 } });
    await hooks.call('agent_end', { runId: run.runId, messages: run.attempts[0] }, run.ctx);
    await events.emit(run.end);

    const [post] = await world.receiver.until(1);
    expect(post?.body.durationMs).toBe(6000);
  });

  test('contains the whole text of a long answer', async () => {
    const body = await bodyOf({ attempts: [[user('x'), assistant('a'.repeat(20_000))]] });

    expect(body.text).toHaveLength(20_000);
  });

  test.each([
    ['plain', 'a', 1],
    ['quotes, which JSON escapes', '"', 2],
    ['emoji of two code units and four bytes', '😀', 4],
    ['control characters of six bytes', '\u0001', 6],
  ])(
    'of an answer above 2,000,000 bytes is truncated to just below that, with a mark: %s',
    async (_kind, character, bytes) => {
      const world = await openWorld();

      await world.run({ attempts: [[user('x'), assistant(character.repeat(1_900_000))]] });

      const [post] = await world.receiver.until(1);
      const size = Buffer.byteLength(post!.raw);
      if (bytes === 1) expect(post!.body.text).toHaveLength(1_900_000);
      else {
        expect(post!.body.text).toMatch(/\n\.\.\.\(truncated\)\.\.\.$/);
        expect(size).toBeGreaterThan(2_000_000 - 2 * bytes);
      }
      expect(size).toBeLessThanOrEqual(2_000_000);
      expect(post!.body.text.isWellFormed()).toBe(true);
    },
  );
});

describe('no report is sent', () => {
  test('for an agent_end without an end of the run', () =>
    expectNoReport(async ({ gateway, clock }) => {
      const run = makeRun({}, clock.now());
      await gateway.hooks.call(
        'agent_end',
        { runId: run.runId, messages: run.attempts[0], success: true },
        run.ctx,
      );
    }));

  test('for an end after which OpenClaw may attempt the run again', () =>
    expectNoReport((world) => world.run({ end: { executionSettled: false } })));

  test('for a run that waits for its subagents', () =>
    expectNoReport((world) => world.run({ end: { yielded: true } })));

  test.each(['agent:main:main', 'agent:main:cron:1:run:2', 'agent:main:hook:task:1', 'agent:main:mytask:1'])(
    'for a session that does not belong to Team Board: %s',
    (sessionKey) => expectNoReport((world) => world.run({ sessionKey })),
  );

  test('for an event without a session', () =>
    expectNoReport(async ({ gateway, clock }) => {
      const { end } = makeRun({}, clock.now());
      await gateway.events.emit({ ...end, sessionKey: undefined });
    }));

  test('a second time for the same run', async () => {
    const world = await openWorld();
    const { end } = await world.run();

    await world.gateway.events.emit(end);
    await world.gateway.hooks.emit(end);

    await world.untilEmpty();
    expect(world.receiver.posts).toHaveLength(1);
  });

  test('when OpenClaw did not give the answer to the plugin', async () => {
    const world = await openWorld();

    const run = world.run({ attempts: [] });
    await world.advanceToNextTimer();
    await run;

    expect(world.log.at(-1)).toMatch(/^error .*not reported.*allowConversationAccess to true/);
    expect(await world.outbox()).toEqual([]);
    expect(world.receiver.posts).toEqual([]);
  });
});

test('the plugin waits for an agent_end that arrives shortly after the end', async () => {
  const world = await openWorld();
  const run = makeRun({}, world.clock.now());

  const ended = world.gateway.events.emit(run.end);
  await world.gateway.hooks.call('agent_end', { runId: run.runId, messages: run.attempts[0] }, run.ctx);
  await world.advanceToNextTimer();
  await ended;

  const [post] = await world.receiver.until(1);
  expect(post?.body).toMatchObject({ success: true, text: 'final text' });
});

test.each(['agent:main:task:1', 'agent:researcher:chat:9:1', 'task:plain', 'agent:main:Task:Upper'])(
  'a session of Team Board is reported with its full key: %s',
  async (sessionKey) => {
    const body = await bodyOf({ sessionKey });

    expect(body.sessionKey).toBe(sessionKey);
  },
);
