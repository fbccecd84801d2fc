import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { captureLog } from '../../../platform/testing/captured-log.ts';
import { until } from '../../../platform/testing/wait.ts';
import { Callback } from '../entities/callback.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { openWorld } from './world.ts';

const captured = captureLog();

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({}, { log: captured.log });
});
afterAll(() => world.close());

/** Waits for the first record of an event about a run. */
const recordOf = (event: string, runId: string) =>
  until(event, () => captured.records(event).find((record) => record['runId'] === runId));

test('a hand-over and a callback are logged with their run and attempt', async () => {
  const { id } = await world.start();
  await world.runIn(id, 'SUCCEEDED');

  expect(await recordOf('run.handed-over', id)).toMatchObject({ attempt: 1, outcome: { kind: 'admitted' } });
  expect(await recordOf('callback.received', id)).toMatchObject({ attempt: 1, outcome: 'applied' });
});

test('a check, an end by the clock and an abort are logged with their run and attempt', async () => {
  const { id } = await world.start({ instruction: '[[hang]]' });
  await world.runIn(id, 'RUNNING');
  await world.age(id, 61);
  expect(await recordOf('run.checked', id)).toMatchObject({ attempt: 1 });

  await world.age(id, 100_000);

  expect(await recordOf('run.ended-by-reaper', id)).toMatchObject({ attempt: 1, state: 'TIMED_OUT' });
  expect(await recordOf('run.abort-sent', id)).toMatchObject({ attempt: 1 });
});

test('a check and an abort that fail are logged with their run and attempt', async () => {
  world.simulator.set({ callbacks: 'never' });
  const { id } = await world.start({ instruction: '[[hang]]' });
  await world.runIn(id, 'RUNNING');
  await world.simulator.stop();
  await world.age(id, 61);
  expect(await recordOf('run.not-checked', id)).toMatchObject({ attempt: 1 });

  await cancelRun(world.ctx(), { id });

  expect(await recordOf('run.abort-not-sent', id)).toMatchObject({ attempt: 1 });
});

test('a callback that cannot be stored is logged with its run', async () => {
  const run = await world.em().execute('select id, task_id from agents.agent_run limit 1');
  const [{ id, task_id: taskId }] = run as [{ id: string; task_id: string }];
  await world.em().execute('alter table agents.callback rename to callback_away');
  try {
    const { status } = await world.callback({ sessionKey: `agent:main:task:${taskId}:${id}` });

    expect(status).toBe(503);
    expect(await recordOf('callback.failed', id)).toMatchObject({ level: 50 });
  } finally {
    await world.em().execute('alter table agents.callback_away rename to callback');
  }
  expect(await world.em().count(Callback, { runId: id })).toBe(1);
});
