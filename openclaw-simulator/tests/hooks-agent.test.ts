import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, closeWorlds, hookBody, openWorld } from './world.ts';

afterEach(closeWorlds);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('an accepted post', () => {
  test('is answered 200 with ok and a run id before the run has ended', async () => {
    const world = await openWorld();

    const answer = await world.post(hookBody({ message: '[[hang]]' }));

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ok: true, runId: expect.stringMatching(UUID) });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(world.simulator.state().runsRunning).toBe(1);
  });

  test('with waitForCompletion is answered after the run, with its completion and without its text', async () => {
    const world = await openWorld();

    const answer = await world.post(hookBody({ message: '[[say=hello]]', waitForCompletion: true }));

    expect(answer.body).toEqual({
      ok: true,
      runId: expect.stringMatching(UUID),
      completion: { status: 'ok', replyDisposition: 'visible', delivered: false, deliveryAttempted: false },
    });
    expect(world.simulator.state().runsEndedOk).toBe(1);
  });

  test.each(['[[empty]]', '[[say=NO_REPLY]]'])(
    'with the answer %s has a silent completion',
    async (message) => {
      const world = await openWorld();

      const { body } = await world.post(hookBody({ message, waitForCompletion: true }));

      expect(body.completion).toMatchObject({ status: 'ok', replyDisposition: 'silent' });
    },
  );

  test('is answered 200 with an empty completion in error when the model fails', async () => {
    const world = await openWorld();

    const { status, body } = await world.post(hookBody({ message: '[[fail=400]]', waitForCompletion: true }));

    expect(status).toBe(200);
    // The completion of a failed run has no delivery fields.
    expect(body.completion).toEqual({ status: 'error', replyDisposition: 'empty' });
  });

  test('is answered 200 with an undelivered completion in error when the run times out', async () => {
    const world = await openWorld({ timeoutSecondMs: 10 });

    const { body } = await world.post(
      hookBody({ message: '[[hang]]', timeoutSeconds: 2, waitForCompletion: true }),
    );

    expect(body.completion).toEqual({
      status: 'error',
      replyDisposition: 'empty',
      delivered: false,
      deliveryAttempted: false,
    });
  });

  test('may have unknown fields, an unknown model and an agent id in upper case', async () => {
    const world = await openWorld();

    const answer = await world.post(hookBody({ agentId: 'MAIN', model: 'stub/none', colour: 'blue' }));

    expect(answer.status).toBe(200);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
  });

  test('without agentId starts the default agent', async () => {
    const world = await openWorld();

    await world.post({ ...hookBody(), agentId: undefined });

    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
  });

  test('may have a message of 250,000 characters', async () => {
    const world = await openWorld();

    expect((await world.post(hookBody({ message: 'x'.repeat(250_000) }))).status).toBe(200);
  });

  test('wakes the main session when its run fails, unless wakeMode is next-heartbeat', async () => {
    const world = await openWorld();
    const failing = { message: '[[fail=400]]', waitForCompletion: true };

    await world.post(hookBody(failing));
    expect(world.simulator.state().runsStarted['agent:main:main']).toBeUndefined();
    await world.post(hookBody({ ...failing, wakeMode: 'now' }));

    expect(world.simulator.state().runsStarted['agent:main:main']).toBe(1);
  });
});

describe('a refused post', () => {
  const refused = [
    ['no message', { message: undefined }, 'message required'],
    ['a blank message', { message: '  ' }, 'message required'],
    ['a message that is a number', { message: 7 }, 'message required'],
    ['an unknown agent', { agentId: 'ghost' }, 'unknown agentId "ghost"'],
    ['an unknown agent in upper case', { agentId: 'Ghost' }, 'unknown agentId "ghost"'],
    ['a blank agent', { agentId: '' }, 'agentId must be a non-empty string'],
    ['a blank model', { model: '' }, 'model required'],
    ['a sessionMode that is null', { sessionMode: null }, 'sessionMode must be isolated or persistent'],
    ['a waitForCompletion that is null', { waitForCompletion: null }, 'waitForCompletion must be boolean'],
    [
      'a key with another prefix',
      { sessionKey: 'other:1' },
      'sessionKey must start with one of: hook:, task:, chat:',
    ],
    [
      'a full key',
      { sessionKey: 'agent:main:task:9' },
      'sessionKey must start with one of: hook:, task:, chat:',
    ],
    [
      'a persistent session without a key',
      { sessionKey: undefined },
      'sessionKey is required when sessionMode is persistent',
    ],
    ['an unknown sessionMode', { sessionMode: 'forever' }, 'sessionMode must be isolated or persistent'],
    ['a waitForCompletion that is a text', { waitForCompletion: 'yes' }, 'waitForCompletion must be boolean'],
    ['a delivery channel', { deliver: true, channel: 'slack' }, 'channel must be last'],
  ] as const;

  test.each(refused)('with %s is answered 400 with the reason', async (_what, fields, error) => {
    const world = await openWorld();

    const answer = await world.post(hookBody(fields));

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error });
    expect(world.simulator.state().runsStartedTotal).toBe(0);
  });

  test('with incomplete JSON is answered 400 with the parser’s message', async () => {
    const world = await openWorld();

    const answer = await world.raw('/hooks/agent', '{"message":');

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error: 'Unexpected end of JSON input' });
  });

  test('for an agent that is not allowed is answered 400', async () => {
    const world = await openWorld({ allowedAgentIds: ['main'] });

    const answer = await world.post(hookBody({ agentId: 'researcher' }));

    expect(answer.body).toEqual({ ok: false, error: 'agentId is not allowed by hooks.allowedAgentIds' });
  });

  test('with a session key while session keys are disabled is answered 400', async () => {
    const world = await openWorld({ allowRequestSessionKey: false });

    const answer = await world.post(hookBody());

    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe(
      'sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable',
    );
  });

  test('over 256 KiB is answered 413', async () => {
    const world = await openWorld();

    const answer = await world.post(hookBody({ message: 'x'.repeat(256 * 1024) }));

    expect(answer.status).toBe(413);
    expect(answer.body).toEqual({ ok: false, error: 'payload too large' });
  });

  test('whose body does not arrive in time is answered 408', async () => {
    const world = await openWorld({ bodyTimeoutMs: 20 });
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) });

    const answer = await ask(`${world.simulator.url}/hooks/agent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.simulator.hooksToken}` },
      body: endless,
      duplex: 'half',
    } as RequestInit);

    expect(answer.status).toBe(408);
    expect(answer.body.ok).toBe(false);
  });
});

describe('POST /hooks/wake', () => {
  test('is queued, and coalesced when the same text is posted again', async () => {
    const world = await openWorld();
    const wake = () => world.raw('/hooks/wake', '{"text":"look","mode":"now"}');

    const [first, second] = [await wake(), await wake()];

    expect(first.body).toEqual({ ok: true, mode: 'now', eventOutcome: 'queued' });
    expect(second.body).toEqual({ ok: true, mode: 'now', eventOutcome: 'coalesced' });
  });

  test('without a text is answered 400', async () => {
    const world = await openWorld();

    const answer = await world.raw('/hooks/wake', '{"text":" "}');

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error: 'text required' });
  });
});
