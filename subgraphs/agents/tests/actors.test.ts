import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { RunChanged } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { retryRun } from '../operations/run/retry-run.ts';
import { queueRun, type RunToQueue } from '../operations/run/steps/queue-run.ts';
import { agentIn, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
  world.simulator.set({ callbacks: 'never' });
});
afterAll(() => world.close());

/** A run in OpenClaw, in a project of its own. */
async function runningRun(taskId?: string) {
  const { id } = await world.start(taskId ? { taskId } : {});
  return world.runIn(id, 'RUNNING');
}

/** Starts a run in the name of the agent that works on another run. */
const startIn = (run: AgentRun, overrides: Record<string, unknown>) =>
  world.start(overrides, agentIn(run, world.member));

const end = async (id: string) => {
  const { sessionKey } = await world.runIn(id, 'RUNNING');
  await world.callback({ sessionKey });
};

describe('an agent in a run', () => {
  test('starts a run from its own run, for the person who asked for that one', async () => {
    const first = await runningRun();
    const taskId = await world.task({ projectId: first.projectId });

    const second = await startIn(first, { taskId });

    expect(second).toMatchObject({
      startedByRunId: first.id,
      chainDepth: 1,
      requestedBy: world.member.id,
    });
    const stream = projectStream(first.projectId);
    const filter = { types: [RunChanged.type], subject: second.id };
    const [event] = await readEvents(world.em(), stream, 0, 1, filter);
    expect(event?.actor).toEqual({
      ...{ kind: 'agent', id: first.agentId, runId: first.id, personId: world.member.id },
    });
  });

  test('cannot name another run as the one in which it asks', async () => {
    const [first, other] = [await runningRun(), await runningRun()];
    const taskId = await world.task({ projectId: first.projectId });

    const second = await startIn(first, { taskId, startedByRunId: other.id });

    expect(second.startedByRunId).toBe(first.id);
  });

  test('retries a run from its own run', async () => {
    const first = await runningRun();
    const taskId = await world.task({ projectId: first.projectId });
    const failed = await runningRun(taskId);
    await world.callback({ sessionKey: failed.sessionKey, success: false, error: 'no' });

    const again = await retryRun(world.as(agentIn(first, world.member)), { id: failed.id });

    expect(again).toMatchObject({ retryOf: failed.id, startedByRunId: first.id, chainDepth: 1 });
  });

  test('is named in what it cancels', async () => {
    const first = await runningRun();
    const taskId = await world.task({ projectId: first.projectId });
    const second = await runningRun(taskId);

    await cancelRun(world.as(agentIn(first, world.member)), { id: second.id });

    expect(await world.activities(second.id)).toContainEqual(['CANCEL', 'Writer asked it to stop']);
  });

  test('starts no run in another project of its person', async () => {
    const first = await runningRun();

    await expect(startIn(first, { taskId: await world.task() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('agents that start each other', () => {
  test('are stopped after four runs in a row, although none of them names its run', async () => {
    let run: AgentRun = await runningRun();
    for (let depth = 1; depth <= 4; depth++) {
      const { id } = await startIn(run, { taskId: await world.task({ projectId: run.projectId }) });
      run = await world.runIn(id, 'RUNNING');
    }

    const fifth = startIn(run, { taskId: await world.task({ projectId: run.projectId }) });

    await expect(fifth).rejects.toMatchObject({ code: 'LOOP_GUARD' });
  });

  test('are stopped after ten runs on one task within an hour', async () => {
    const first = await runningRun();
    const taskId = await world.task({ projectId: first.projectId });
    for (let count = 1; count <= 10; count++) await end((await startIn(first, { taskId })).id);

    await expect(startIn(first, { taskId })).rejects.toMatchObject({ code: 'LOOP_GUARD' });
  });

  test('are stopped too when a person names the run', async () => {
    const taskId = await world.task();
    let startedByRunId = (await world.start({ taskId })).id;
    await end(startedByRunId);
    for (let depth = 1; depth <= 4; depth++) {
      startedByRunId = (await world.start({ taskId, startedByRunId })).id;
      await end(startedByRunId);
    }

    await expect(world.start({ taskId, startedByRunId })).rejects.toMatchObject({
      code: 'LOOP_GUARD',
      field: ['input', 'startedByRunId'],
    });
  });
});

describe('a reader of the log', () => {
  const reader = systemPart('agents.mentions');
  async function runToQueue(): Promise<RunToQueue> {
    const [agent, taskId] = [await world.agent(), await world.task()];
    await world.subgraph.catchUp();
    return {
      ...{ agentId: agent.id, taskId, whenBusy: 'QUEUE', instruction: 'Draft it' },
      ...{ timeoutSeconds: 60, priority: 0, ignoreBlockers: false },
      fields: { agent: [], task: [], startedBy: [] },
    };
  }

  test('starts a run in the name of a person, without a request', async () => {
    const wanted = await runToQueue();

    const run = await world.subgraph.transact(reader, (tx) => queueRun(tx.actingAs(world.member), wanted));

    expect(run).toMatchObject({ state: 'QUEUED', requestedBy: world.member.id, startedByRunId: null });
  });

  test('commits its transaction although the task is busy', async () => {
    const wanted = await runToQueue();
    await world.start({ taskId: wanted.taskId });

    const code = await world.subgraph.transact(reader, async (tx) => {
      const error = await queueRun(tx.actingAs(world.member), wanted).catch((reason: unknown) => reason);
      await tx.em.execute('select 1');
      return (error as { code: string }).code;
    });

    expect(code).toBe('TASK_BUSY');
  });

  test('starts no run in its own name', async () => {
    const wanted = await runToQueue();

    await expect(world.subgraph.transact(reader, (tx) => queueRun(tx, wanted))).rejects.toThrow(
      'agents.mentions has no rights to read',
    );
  });
});
