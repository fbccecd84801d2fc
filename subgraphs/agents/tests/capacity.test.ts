import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  test('100 starts at once with maxConcurrent 3 give exactly 3 runs and 97 AGENT_BUSY', async () => {
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

  test('waiting runs take over the slots one by one, never more than there are, and none waits for ever', async () => {
    const agent = await world.agent({ maxConcurrent: 2 });
    const runs = await Promise.all(
      Array.from({ length: 12 }, () =>
        world.start({ agentId: agent.id, whenBusy: 'QUEUE', instruction: '[[delay=30]]' }),
      ),
    );

    let most = 0;
    const ended = Promise.all(runs.map(({ id }) => world.runIn(id, 'SUCCEEDED', 30_000)));
    const watch = setInterval(async () => {
      most = Math.max(most, (await heldSlots(agent.id)).length);
    }, 5);
    await ended;
    clearInterval(watch);

    expect(most).toBe(2);
    expect(await heldSlots(agent.id)).toEqual([]);
  });

  test('the database itself refuses the same slot twice', async () => {
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

  test('lowering maxConcurrent ends no run, and no new one starts before there is subgraph', async () => {
    const agent = await world.agent({ maxConcurrent: 3 });
    const long = await Promise.all(
      [1, 2, 3].map(() => world.start({ agentId: agent.id, instruction: '[[delay=700]]' })),
    );
    await Promise.all(long.map(({ id }) => world.runIn(id, 'RUNNING')));

    await updateAgent(world.ctx(), { id: agent.id, maxConcurrent: 1 }, { targets: ['default'] });

    expect(await heldSlots(agent.id)).toEqual([1, 2, 3]);
    await expect(world.start({ agentId: agent.id })).rejects.toMatchObject({ code: 'AGENT_BUSY' });
    const waiting = await world.start({ agentId: agent.id, whenBusy: 'QUEUE' });
    await Promise.all([...long, waiting].map(({ id }) => world.runIn(id, 'SUCCEEDED')));
  });
});

test('OpenClaw never has more runs than OPENCLAW_RUNS_MAX, whatever the agents may have', async () => {
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
