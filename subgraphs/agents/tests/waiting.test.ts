import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { systemPart } from '../../../platform/identity/actor.ts';
import { claimRun } from '../operations/run/claim-run.ts';
import type { WaitReason } from '../operations/run/steps/waiting-runs.ts';
import { openWorld } from './world.ts';

/** No run that holds a slot is in the target of these agents. */
const NONE_IN_TARGET = `update agents.run_attempt set target = 'another'`;

/** What keeps a run waiting, in the order in which the reasons are told. */
const HINDRANCES: readonly { reason: Exclude<WaitReason, 'READY'>; on: string; off: string }[] = [
  {
    reason: 'AGENT_DISABLED',
    on: 'update agents.agent set is_enabled = false where id = :agent',
    off: 'update agents.agent set is_enabled = true where id = :agent',
  },
  {
    reason: 'OPENCLAW_UNAVAILABLE',
    on: `update agents.openclaw_target set paused_until = now() + interval '1 hour'`,
    off: 'update agents.openclaw_target set paused_until = null',
  },
  {
    reason: 'TASK_BLOCKED',
    on: `update agents.known_task set open_blocker_refs = '["TB-7"]' where id = :task`,
    off: `update agents.known_task set open_blocker_refs = '[]' where id = :task`,
  },
  {
    reason: 'BACKOFF',
    on: `update agents.agent_run set next_hand_over_at = now() + interval '1 hour' where id = :run`,
    off: `update agents.agent_run set next_hand_over_at = now() where id = :run`,
  },
  {
    reason: 'AGENT_AT_CAPACITY',
    on: 'update agents.agent set max_concurrent = 1 where id = :agent',
    off: 'update agents.agent set max_concurrent = 2 where id = :agent',
  },
  {
    reason: 'OPENCLAW_AT_CAPACITY',
    on: `update agents.run_attempt set target = 'default'`,
    off: NONE_IN_TARGET,
  },
];

const LIMITS = { runsMax: 1, leaseSeconds: 60 };
const dispatcher = systemPart('agents.dispatcher');

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: String(LIMITS.runsMax) }, { isRunning: false });
});
afterAll(() => world.close());

/** A run that waits, of an agent that holds one run already. */
let ids: Record<'agent' | 'task' | 'run', string>;
beforeEach(async () => {
  await change(NONE_IN_TARGET);
  const agent = await world.agent({ maxConcurrent: 2 });
  await world.start({ agentId: agent.id });
  await claim();
  const run = await world.start({ agentId: agent.id, whenBusy: 'QUEUE' });
  ids = { agent: agent.id, task: run.taskId, run: run.id };
});

const claim = () => world.subgraph.transact(dispatcher, (tx) => claimRun(tx, LIMITS));
const runIdOf = (claimed: Awaited<ReturnType<typeof claim>>) =>
  claimed === 'stopped' ? claimed : claimed?.runId;
const change = (sql: string) =>
  world.em().execute(sql.replace(/:(\w+)/g, (_all, name: keyof typeof ids) => `'${ids[name]}'`));
const readReason = async (): Promise<WaitReason> => {
  const document = 'query ($id: ID!) { agentRun(id: $id) { queue { reason } } }';
  return (await world.ask(document, { id: ids.run })).data.agentRun.queue.reason;
};

test('for all combinations of hindrances, the first is the reason, and only a READY run is claimed', async () => {
  for (let combination = 2 ** HINDRANCES.length - 1; combination >= 0; combination--) {
    const isOn = (index: number) => (combination & (1 << index)) !== 0;
    for (const [index, { on, off }] of HINDRANCES.entries()) await change(isOn(index) ? on : off);
    const expected = HINDRANCES.find((_, index) => isOn(index))?.reason ?? 'READY';

    expect({ combination, reason: await readReason() }).toEqual({ combination, reason: expected });
    expect(runIdOf(await claim())).toBe(expected === 'READY' ? ids.run : undefined);
  }
});

test('a run whose target has no row waits for it', async () => {
  await change(`update agents.agent set target = 'removed' where id = :agent`);

  expect(await readReason()).toBe('OPENCLAW_UNAVAILABLE');
  expect(await claim()).toBeNull();
});

test('a run that ignores blockers does not wait for them', async () => {
  await change(NONE_IN_TARGET);
  await change(`update agents.known_task set open_blocker_refs = '["TB-7"]' where id = :task`);
  await change('update agents.agent_run set ignore_blockers = true where id = :run');

  expect(await readReason()).toBe('READY');
  expect(runIdOf(await claim())).toBe(ids.run);
});
