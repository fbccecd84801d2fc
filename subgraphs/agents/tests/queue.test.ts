import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
});
beforeEach(async () => {
  world.simulator.set({ callbacks: 'never', dispatch: 'normal' });
  await world.resume();
});
afterAll(() => world.close());

/** An agent with one slot that is taken; `free` ends what holds it. */
async function busyAgent() {
  const agent = await world.agent();
  const holder = await world.start({ agentId: agent.id });
  const { sessionKey } = await world.runIn(holder.id, 'RUNNING');
  return { agentId: agent.id, free: () => world.callback({ sessionKey }) };
}

/** The runs of an agent in the order in which they get the slot. Each is ended as soon as it has it. */
async function servedOrder(agentId: string, count: number): Promise<string[]> {
  const order: string[] = [];
  while (order.length < count) {
    const id = await world.runningOf(agentId);
    order.push(id);
    await world.callback({ sessionKey: (await world.run(id)).sessionKey });
  }
  return order;
}

/** Why a run waits, and its place. */
async function queueOf(id: string) {
  const document = 'query ($id: ID!) { agentRun(id: $id) { queue { position reason since expiresAt } } }';
  return (await world.ask(document, { id })).data.agentRun.queue;
}

describe('runs that wait for an agent', () => {
  test('start in the order in which they were asked for', async () => {
    const { agentId, free } = await busyAgent();
    const projectId = await world.project();
    const waiting: string[] = [];
    for (let n = 0; n < 4; n++) {
      const taskId = await world.task({ projectId });
      waiting.push((await world.start({ agentId, taskId, whenBusy: 'QUEUE' })).id);
    }

    await free();

    expect(await servedOrder(agentId, 4)).toEqual(waiting);
  });

  test('start in the order of their priorities', async () => {
    const { agentId, free } = await busyAgent();
    const projectId = await world.project();
    const ids: Record<string, string> = {};
    for (const priority of ['LOW', 'NORMAL', 'HIGH']) {
      const taskId = await world.task({ projectId });
      ids[priority] = (await world.start({ agentId, taskId, priority, whenBusy: 'QUEUE' })).id;
    }

    await free();

    expect(await servedOrder(agentId, 3)).toEqual([ids['HIGH'], ids['NORMAL'], ids['LOW']]);
  });

  test('take turns between projects', async () => {
    const { agentId, free } = await busyAgent();
    const [many, few] = [await world.project(), await world.project()];
    for (let n = 0; n < 6; n++)
      await world.start({ agentId, taskId: await world.task({ projectId: many }), whenBusy: 'QUEUE' });
    const last = await world.start({
      agentId,
      taskId: await world.task({ projectId: few }),
      whenBusy: 'QUEUE',
    });

    await free();

    expect((await servedOrder(agentId, 2)).includes(last.id)).toBe(true);
  });

  test('tell why they wait and behind how many others', async () => {
    const { agentId } = await busyAgent();
    const first = await world.start({ agentId, whenBusy: 'QUEUE' });
    const second = await world.start({ agentId, whenBusy: 'QUEUE' });

    expect(await queueOf(first.id)).toMatchObject({ position: 1, reason: 'AGENT_AT_CAPACITY' });
    expect(await queueOf(second.id)).toMatchObject({
      position: 2,
      since: second.queuedAt,
      expiresAt: second.queueExpiresAt,
    });
  });

  test('are EXPIRED after two hours', async () => {
    const { agentId } = await busyAgent();
    const { id } = await world.start({ agentId, whenBusy: 'QUEUE' });

    await world.age(id, 7_201);

    expect(await world.runIn(id, 'EXPIRED')).toMatchObject({ failureCode: 'QUEUE_EXPIRED' });
  });
});

describe('a blocked task', () => {
  test('gets no run, except with ignoreBlockers', async () => {
    const taskId = await world.task({ openBlockerRefs: ['TB-7', 'TB-8'] });

    await expect(world.start({ taskId })).rejects.toMatchObject({
      code: 'TASK_BLOCKED',
      message: expect.stringContaining('TB-7, TB-8'),
    });
    const { id } = await world.start({ taskId, ignoreBlockers: true });
    await world.runIn(id, 'RUNNING');
  });

  test('keeps a queued run waiting until its blockers are done', async () => {
    const { agentId, free } = await busyAgent();
    const projectId = await world.project();
    const taskId = await world.task({ projectId });
    const { id } = await world.start({ agentId, taskId, whenBusy: 'QUEUE' });
    await world.task({ projectId, taskId, openBlockerRefs: ['TB-9'] });
    await world.subgraph.catchUp();
    await free();

    expect(await queueOf(id)).toMatchObject({ reason: 'TASK_BLOCKED' });
    await world.task({ projectId, taskId, openBlockerRefs: [] });

    await world.runIn(id, 'RUNNING');
  });
});

describe('a target that is down', () => {
  test('keeps its runs waiting here, and they start when it is back', async () => {
    const agent = await world.agent();
    await world.em().execute("update agents.openclaw_target set is_reachable = false where name = 'default'");
    const { id } = await world.start({ agentId: agent.id });

    expect(await queueOf(id)).toMatchObject({ reason: 'OPENCLAW_UNAVAILABLE' });

    // The monitor checks the target every ten seconds.
    await world.runIn(id, 'RUNNING', 20_000);
  });
});
