import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, closeWorlds, openWorld, order } from './world.ts';

afterEach(closeWorlds);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('an accepted post', () => {
  test('is answered 200 with ok and a run id, before the run is over', async () => {
    const world = await openWorld();

    const answer = await world.post(order({ message: '[[hang]]' }));

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ok: true, runId: expect.stringMatching(UUID) });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(world.simulator.state().runsRunning).toBe(1);
  });

  test('with waitForCompletion is answered after the run, with its completion and never its text', async () => {
    const world = await openWorld();

    const answer = await world.post(order({ message: '[[say=hello]]', waitForCompletion: true }));

    expect(answer.body).toEqual({
      ok: true,
      runId: expect.stringMatching(UUID),
      completion: { status: 'ok', replyDisposition: 'visible', delivered: false, deliveryAttempted: false },
    });
    expect(world.simulator.state().runsEndedOk).toBe(1);
  });

  test.each(['[[empty]]', '[[say=NO_REPLY]]'])('whose answer is %s ends ok and silent', async (message) => {
    const world = await openWorld();

    const { body } = await world.post(order({ message, waitForCompletion: true }));

    expect(body.completion).toMatchObject({ status: 'ok', replyDisposition: 'silent' });
  });

  test('whose model fails is still 200, with an empty completion in error', async () => {
    const world = await openWorld();

    const { status, body } = await world.post(order({ message: '[[fail=400]]', waitForCompletion: true }));

    expect(status).toBe(200);
    // A run that failed says nothing about delivery.
    expect(body.completion).toEqual({ status: 'error', replyDisposition: 'empty' });
  });

  test('whose run times out is 200, with a completion in error that was not delivered', async () => {
    const world = await openWorld({ timeoutSecondMs: 10 });

    const { body } = await world.post(
      order({ message: '[[hang]]', timeoutSeconds: 2, waitForCompletion: true }),
    );

    expect(body.completion).toEqual({
      status: 'error',
      replyDisposition: 'empty',
      delivered: false,
      deliveryAttempted: false,
    });
  });

  test('may carry unknown fields, a model that does not exist and an agent id in capitals', async () => {
    const world = await openWorld();

    const answer = await world.post(order({ agentId: 'MAIN', model: 'stub/none', colour: 'blue' }));

    expect(answer.status).toBe(200);
    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
  });

  test('without agentId runs by the default agent', async () => {
    const world = await openWorld();

    await world.post({ ...order(), agentId: undefined });

    expect(world.simulator.state().runsStarted).toEqual({ 'agent:main:task:1': 1 });
  });

  test('may be 250,000 characters long', async () => {
    const world = await openWorld();

    expect((await world.post(order({ message: 'x'.repeat(250_000) }))).status).toBe(200);
  });

  test('whose run fails wakes the main session, unless wakeMode is next-heartbeat', async () => {
    const world = await openWorld();
    const failing = { message: '[[fail=400]]', waitForCompletion: true };

    await world.post(order(failing));
    expect(world.simulator.state().runsStarted['agent:main:main']).toBeUndefined();
    await world.post(order({ ...failing, wakeMode: 'now' }));

    expect(world.simulator.state().runsStarted['agent:main:main']).toBe(1);
  });
});

describe('a refused post', () => {
  const refused = [
    ['no message', { message: undefined }, 'message required'],
    ['a blank message', { message: '  ' }, 'message required'],
    ['a message that is a number', { message: 7 }, 'message required'],
    ['an unknown agent', { agentId: 'ghost' }, 'unknown agentId "ghost"'],
    ['an unknown agent in capitals', { agentId: 'Ghost' }, 'unknown agentId "ghost"'],
    ['a blank agent', { agentId: '' }, 'agentId must be a non-empty string'],
    ['a blank model', { model: '' }, 'model required'],
    ['a sessionMode that is null', { sessionMode: null }, 'sessionMode must be isolated or persistent'],
    ['a wait that is null', { waitForCompletion: null }, 'waitForCompletion must be boolean'],
    [
      'a key of another prefix',
      { sessionKey: 'other:1' },
      'sessionKey must start with one of: hook:, task:, chat:',
    ],
    [
      'a full key',
      { sessionKey: 'agent:main:task:9' },
      'sessionKey must start with one of: hook:, task:, chat:',
    ],
    [
      'persistent without a key',
      { sessionKey: undefined },
      'sessionKey is required when sessionMode is persistent',
    ],
    ['a bad sessionMode', { sessionMode: 'forever' }, 'sessionMode must be isolated or persistent'],
    ['a wait that is a text', { waitForCompletion: 'yes' }, 'waitForCompletion must be boolean'],
    ['a channel to deliver to', { deliver: true, channel: 'slack' }, 'channel must be last'],
  ] as const;

  test.each(refused)('with %s is 400 with its reason', async (_what, fields, error) => {
    const world = await openWorld();

    const answer = await world.post(order(fields));

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error });
    expect(world.simulator.state().runsStartedTotal).toBe(0);
  });

  test('with JSON that is cut off is 400 with the parser’s words', async () => {
    const world = await openWorld();

    const answer = await world.raw('/hooks/agent', '{"message":');

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error: 'Unexpected end of JSON input' });
  });

  test('for an agent that is not allowed is 400', async () => {
    const world = await openWorld({ allowedAgentIds: ['main'] });

    const answer = await world.post(order({ agentId: 'researcher' }));

    expect(answer.body).toEqual({ ok: false, error: 'agentId is not allowed by hooks.allowedAgentIds' });
  });

  test('with a key while keys are disabled is 400', async () => {
    const world = await openWorld({ allowRequestSessionKey: false });

    const answer = await world.post(order());

    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe(
      'sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable',
    );
  });

  test('over 256 KiB is 413', async () => {
    const world = await openWorld();

    const answer = await world.post(order({ message: 'x'.repeat(256 * 1024) }));

    expect(answer.status).toBe(413);
    expect(answer.body).toEqual({ ok: false, error: 'payload too large' });
  });

  test('whose body does not come in time is 408', async () => {
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
  test('is queued, and coalesced when the same text comes again', async () => {
    const world = await openWorld();
    const wake = () => world.raw('/hooks/wake', '{"text":"look","mode":"now"}');

    const [first, second] = [await wake(), await wake()];

    expect(first.body).toEqual({ ok: true, mode: 'now', eventOutcome: 'queued' });
    expect(second.body).toEqual({ ok: true, mode: 'now', eventOutcome: 'coalesced' });
  });

  test('without a text is 400', async () => {
    const world = await openWorld();

    const answer = await world.raw('/hooks/wake', '{"text":" "}');

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ ok: false, error: 'text required' });
  });
});
