import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVENT_ANSWER_CHARACTERS_MAX } from '../../../schema/events/agents.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '100' });
});
afterAll(() => world.close());

/** A run that OpenClaw has admitted and does not report by itself. */
async function runningRun() {
  world.simulator.set({ callbacks: 'never' });
  const { id } = await world.start();
  return world.runIn(id, 'RUNNING');
}

describe('a callback', () => {
  test('ends its run and frees the slot', async () => {
    const run = await runningRun();

    const { status, body } = await world.callback({
      sessionKey: `agent:main:${run.sessionKey}`,
      text: 'Done',
    });

    expect([status, body.status]).toEqual([200, 'applied']);
    expect(await world.run(run.id)).toMatchObject({ state: 'SUCCEEDED', answer: 'Done', slot: null });
  });

  test('that arrives before the answer to the hand-over ends the run, and the answer changes nothing', async () => {
    world.simulator.set({ callbacks: 'before-answer', times: 1 });

    const { id } = await world.start();

    const run = await world.runIn(id, 'SUCCEEDED');
    await world.simulator.idle();
    expect(await world.states(run)).toEqual(['QUEUED', 'DISPATCHING', 'SUCCEEDED']);
    expect((await world.run(id)).state).toBe('SUCCEEDED');
  });

  test('that is sent 100 times is applied once, and there is one event', async () => {
    const run = await runningRun();
    const id = randomUUID();

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => world.callback({ sessionKey: run.sessionKey }, { id })),
    );

    const outcomes = answers.map(({ body }) => body.status);
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(99);
    expect((await world.states(run)).filter((state) => state === 'SUCCEEDED')).toHaveLength(1);
  });

  test('on a run that has ended is late: it is stored, and the run stays as it is', async () => {
    const run = await runningRun();
    await world.callback({ sessionKey: run.sessionKey, text: 'first' });

    const late = await world.callback({ sessionKey: run.sessionKey, success: false, error: 'second' });

    expect([late.status, late.body.status]).toEqual([200, 'late']);
    expect(await world.run(run.id)).toMatchObject({ state: 'SUCCEEDED', answer: 'first', failureCode: null });
    const kept = await world.em().execute('select outcome from agents.callback where run_id = ?', [run.id]);
    expect(kept).toEqual([{ outcome: 'applied' }, { outcome: 'late' }]);
  });

  test('finds its run by a session in upper case and with another agent', async () => {
    const run = await runningRun();

    const { body } = await world.callback({ sessionKey: `agent:writer:${run.sessionKey?.toUpperCase()}` });

    expect(body.status).toBe('applied');
  });

  test('with an answer that PostgreSQL cannot store is applied with U+FFFD in it', async () => {
    const run = await runningRun();

    await world.callback({ sessionKey: run.sessionKey, text: 'a\0b\uD800c' });

    expect((await world.run(run.id)).answer).toBe('a\uFFFDb\uFFFDc');
  });

  test('with an answer whose event is cut in the middle of an emoji is applied', async () => {
    const run = await runningRun();
    const text = `${'x'.repeat(EVENT_ANSWER_CHARACTERS_MAX - 1)}🚀 and more`;

    const { body } = await world.callback({ sessionKey: run.sessionKey, text });

    expect(body.status).toBe('applied');
    expect((await world.run(run.id)).answer).toBe(text);
  });

  test('with a NUL in its names is applied: a report that cannot be stored would be sent again forever', async () => {
    const run = await runningRun();

    const { body } = await world.callback({
      sessionKey: run.sessionKey,
      runId: 'a\0b',
      model: 'm\0',
      provider: '\0',
      usage: { input: 1, output: 1 },
    });

    expect(body.status).toBe('applied');
    expect((await world.callback({ sessionKey: 'task:\0' })).status).toBe(404);
  });

  test('without a cost leaves the cost unknown', async () => {
    const run = await runningRun();

    await world.callback({ sessionKey: run.sessionKey, usage: null });

    expect((await world.run(run.id)).usage).toBeNull();
  });
});

describe('a callback is refused', () => {
  const forgeries: [string, Parameters<typeof world.callback>[1]][] = [
    ['signed with another secret', { secret: `whsec_${randomBytes(32).toString('base64')}` }],
    ['signed 301 seconds ago', { agoSeconds: 301 }],
    ['signed 302 seconds ahead', { agoSeconds: -302 }],
  ];

  test.each(forgeries)('with 401 when it is %s, whether the session exists or not', async (_what, how) => {
    const run = await runningRun();

    const known = await world.callback({ sessionKey: run.sessionKey }, how);
    const unknown = await world.callback({ sessionKey: 'task:nobody' }, how);

    expect(known.status).toBe(401);
    expect(unknown).toEqual(known);
    expect((await world.run(run.id)).state).toBe('RUNNING');
  });

  test('with 401 when it has no signature', async () => {
    const response = await fetch(world.callbackUrl, { method: 'POST', body: '{}' });

    expect(response.status).toBe(401);
  });

  test('with 404 for a session that no run has', async () => {
    expect((await world.callback({ sessionKey: 'task:nobody' })).status).toBe(404);
  });

  test.each([
    ['an array as session', { sessionKey: ['a'] }],
    ['an operator as session', { sessionKey: { $ne: 1 } }],
    ['text as success', { sessionKey: 'task:x', success: 'yes' }],
    ['no session', {}],
  ])('with 422 for %s', async (_what, report) => {
    expect((await world.callback(report)).status).toBe(422);
  });

  test('with 413 when it is over 2 MB, before it is read', async () => {
    const run = await runningRun();

    const { status } = await world.callback({ sessionKey: run.sessionKey, text: 'x'.repeat(2_000_001) });

    expect(status).toBe(413);
    expect((await world.run(run.id)).state).toBe('RUNNING');
  });
});

test('while one secret replaces another, both are accepted', async () => {
  const next = `whsec_${randomBytes(32).toString('base64')}`;
  const current = `whsec_${randomBytes(32).toString('base64')}`;
  const rotating = await openWorld({ OPENCLAW_CALLBACK_SECRET: `${next},${current}` });
  try {
    rotating.simulator.set({ callbacks: 'never' });
    for (const secret of [next, current]) {
      const { id } = await rotating.start();
      const { sessionKey } = await rotating.runIn(id, 'RUNNING');
      expect((await rotating.callback({ sessionKey }, { secret })).body.status).toBe('applied');
    }
  } finally {
    await rotating.close();
  }
});

describe('with several OpenClaws', () => {
  const labSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const lab = {
    name: 'lab',
    url: 'http://127.0.0.1:9',
    token: 'lab-token',
    gatewayToken: 'lab-gateway-token',
  };
  const openLab = (callbackSecret: string) =>
    openWorld({ OPENCLAW_TARGETS: JSON.stringify([{ ...lab, callbackSecret }]) });

  test('a target reports no run of another: for it that run does not exist', async () => {
    const several = await openLab(labSecret);
    try {
      several.simulator.set({ callbacks: 'never' });
      const { id } = await several.start();
      const { sessionKey } = await several.runIn(id, 'RUNNING');

      const forged = await several.callback({ sessionKey }, { secret: labSecret });
      const absent = await several.callback({ sessionKey: 'task:nobody' }, { secret: labSecret });

      expect([forged.status, absent.status]).toEqual([404, 404]);
      expect((await several.run(id)).state).toBe('RUNNING');
      expect((await several.callback({ sessionKey })).body.status).toBe('applied');
    } finally {
      await several.close();
    }
  });

  test('each needs a secret of its own', async () => {
    const secret = labSecret;
    const settings = { OPENCLAW_TARGETS: JSON.stringify([{ ...lab, callbackSecret: secret }]) };

    await expect(openWorld({ ...settings, OPENCLAW_CALLBACK_SECRET: secret })).rejects.toThrow('of its own');
  });
});
