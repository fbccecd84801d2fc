import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../platform/testing/wait.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
afterAll(() => world.close());

describe('the deadline of a run', () => {
  test('ends a run that is not heard of: it is TIMED_OUT, frees its slot and is stopped in OpenClaw', async () => {
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');

    await world.age(id, 100_000);

    const run = await world.runIn(id, 'TIMED_OUT');
    expect(run).toMatchObject({ slot: null, failureCode: 'DEADLINE_EXCEEDED' });
    await until('OpenClaw has stopped it', () => world.simulator.state().runsRunning === 0);
  });

  test('makes a later report late: it changes nothing', async () => {
    const { id } = await world.start({ instruction: '[[hang]]' });
    const { sessionKey } = await world.runIn(id, 'RUNNING');
    await world.age(id, 100_000);
    await world.runIn(id, 'TIMED_OUT');

    const { body } = await world.callback({ sessionKey, text: 'too late' });

    expect(body.status).toBe('late');
    expect(await world.run(id)).toMatchObject({ state: 'TIMED_OUT', answer: null });
  });

  test("counts from the admission by OpenClaw, by the database's clock", async () => {
    const { id } = await world.start({ instruction: '[[hang]]', timeoutSeconds: 120 });

    const run = await world.runIn(id, 'RUNNING');

    expect((run.deadlineAt?.getTime() ?? 0) - (run.startedAt?.getTime() ?? 0)).toBe(120_000);
  });
});

describe('canceling a run', () => {
  test('ends it at once when it waits', async () => {
    const agent = await world.agent();
    const first = await world.start({ agentId: agent.id, instruction: '[[hang]]' });
    await world.runIn(first.id, 'RUNNING');
    const waiting = await world.start({ agentId: agent.id, whenBusy: 'QUEUE' });

    const run = await cancelRun(world.ctx(), { id: waiting.id, mode: 'GRACEFUL' });

    expect(run).toMatchObject({ state: 'CANCELED', failureCode: 'CANCELED_BY_USER' });
    expect(await world.states(run)).toEqual(['QUEUED', 'CANCELED']);
  });

  test('keeps its slot until OpenClaw has stopped it', async () => {
    const { id } = await world.start({ instruction: '[[hang]]' });
    await world.runIn(id, 'RUNNING');

    const asked = await cancelRun(world.ctx(), { id, mode: 'GRACEFUL' });

    expect(asked).toMatchObject({ state: 'CANCELING', slot: 1 });
    const run = await world.runIn(id, 'CANCELED', 30_000);
    expect(run.slot).toBeNull();
    expect(await world.states(run)).toEqual(['QUEUED', 'DISPATCHING', 'RUNNING', 'CANCELING', 'CANCELED']);
  });

  test('keeps a success that arrives before OpenClaw has stopped', async () => {
    world.simulator.set({ callbacks: 'never', times: 1 });
    const { id } = await world.start({ instruction: '[[hang]]' });
    const { sessionKey } = await world.runIn(id, 'RUNNING');
    await cancelRun(world.ctx(), { id, mode: 'GRACEFUL' });

    await world.callback({ sessionKey, text: 'It was done' });

    expect(await world.run(id)).toMatchObject({ state: 'SUCCEEDED', answer: 'It was done' });
  });

  test('is INVALID_TRANSITION when it has ended', async () => {
    world.simulator.set({ callbacks: 'normal' });
    const { id } = await world.start();
    await world.runIn(id, 'SUCCEEDED');

    await expect(cancelRun(world.ctx(), { id, mode: 'GRACEFUL' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });
});
