import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../platform/testing/wait.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
afterAll(() => world.close());

const heldSlots = async (agentId: string): Promise<number[]> => {
  const rows: { slot: number }[] = await world
    .em()
    .execute('select slot from agents.agent_run where agent_id = ? and slot is not null order by slot', [
      agentId,
    ]);
  return rows.map(({ slot }) => slot);
};

describe('the slots of an agent', () => {
  test('are given to exactly 3 of 100 concurrent starts with maxConcurrent 3; the others are AGENT_BUSY', async () => {
    const agent = await world.agent({ maxConcurrent: 3 });
    const projectId = await world.project();
    const tasks = await Promise.all(Array.from({ length: 100 }, () => world.task({ projectId })));
    await world.subgraph.catchUp();

    const starts = await Promise.allSettled(
      tasks.map((taskId) => world.start({ agentId: agent.id, taskId, instruction: '[[hang]]' })),
    );

    const refused = starts.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(refused).toHaveLength(97);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'AGENT_BUSY' });
  });

  test('pass to the waiting runs, never to more than there are, until no run waits', async () => {
    const agent = await world.agent({ maxConcurrent: 2 });
    const projectId = await world.project();
    const tasks = await Promise.all(Array.from({ length: 12 }, () => world.task({ projectId })));
    await world.subgraph.catchUp();
    const input = { agentId: agent.id, whenBusy: 'QUEUE', instruction: '[[delay=50]]' };
    await Promise.all(tasks.map((taskId) => world.start({ ...input, taskId })));

    let most = 0;
    const ended = async () => {
      most = Math.max(most, (await heldSlots(agent.id)).length);
      return (await world.em().count(AgentRun, { agentId: agent.id, state: 'SUCCEEDED' })) === 12;
    };
    await until('all runs have ended', ended, 50_000);

    expect(most).toBe(2);
    expect(await heldSlots(agent.id)).toEqual([]);
  });

  test('are unique in the database, which refuses the same slot twice', async () => {
    const agent = await world.agent({ maxConcurrent: 2 });
    const [a, b] = await Promise.all(
      [1, 2].map(async () => {
        const run = await world.start({ agentId: agent.id, instruction: '[[hang]]' });
        return world.runIn(run.id, 'RUNNING');
      }),
    );

    await expect(
      world.em().execute('update agents.agent_run set slot = ? where id = ?', [a?.slot, b?.id]),
    ).rejects.toThrow(/agent_run_slot/);
  });

  test('keep their runs when maxConcurrent is lowered, and no new run starts before a slot is free', async () => {
    const agent = await world.agent({ maxConcurrent: 3 });
    const input = { agentId: agent.id, instruction: '[[hang]]' };
    const started = await Promise.all([1, 2, 3].map(() => world.start(input)));
    const held = await Promise.all(started.map(({ id }) => world.runIn(id, 'RUNNING')));

    await updateAgent(world.ctx(), { id: agent.id, maxConcurrent: 1 });

    expect(await heldSlots(agent.id)).toEqual([1, 2, 3]);
    await expect(world.start({ agentId: agent.id })).rejects.toMatchObject({ code: 'AGENT_BUSY' });
    const waiting = await world.start({ ...input, whenBusy: 'QUEUE' });
    for (const { sessionKey } of held) {
      expect((await world.run(waiting.id)).state).toBe('QUEUED');
      await world.callback({ sessionKey });
    }
    await world.runIn(waiting.id, 'RUNNING');
  });
});

test('a target never has more runs than OPENCLAW_RUNS_MAX, whatever its agents may have', async () => {
  const small = await openWorld({ OPENCLAW_RUNS_MAX: '2' });
  try {
    const agent = await small.agent({ maxConcurrent: 10 });
    const runs = await Promise.all(
      Array.from({ length: 6 }, () => small.start({ agentId: agent.id, instruction: '[[delay=50]]' })),
    );
    await Promise.all(runs.map(({ id }) => small.runIn(id, 'SUCCEEDED', 30_000)));

    expect(small.simulator.state().concurrentMax).toBeLessThanOrEqual(2);
  } finally {
    await small.close();
  }
});
