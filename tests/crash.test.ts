import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../platform/testing/wait.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

let system: System;
let client: Client;
beforeAll(async () => {
  system = await startSystem({
    DISPATCH_LEASE_SECONDS: '2',
    OPENCLAW_ADMISSION_TIMEOUT_SECONDS: '1',
  });
  client = connectClient(system.url);
});
afterAll(async () => {
  await client.close();
  await system.close();
});

const FINAL = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED'];
let counter = 0;

/** Starts a run on an agent with one slot. The default timeout is the minimum. */
async function startRun(timeoutSeconds = 10) {
  const mark = `c${Date.now().toString(36).slice(-6)}${(counter++).toString(36)}`;
  const { data } = await client.ask(
    `mutation ($key: String!, $slug: String!) {
       projectCreate(input: { key: $key, name: "Crash" }) { project { id } }
       agentCreate(input: { name: "Writer", slug: $slug }) { agent { id } } }`,
    { key: mark.toUpperCase(), slug: mark },
  );
  const projectId: string = data.projectCreate.project.id;
  const agentId: string = data.agentCreate.agent.id;
  const task = await client.ask(
    'mutation ($projectId: ID!) { taskCreate(input: { projectId: $projectId, title: "T" }) { task { id } } }',
    { projectId },
  );
  const started = await client.ask(
    `mutation ($agentId: ID!, $taskId: ID!, $timeoutSeconds: Int!) {
       agentRunStart(input: { agentId: $agentId, taskId: $taskId, instruction: "Go", timeoutSeconds: $timeoutSeconds }) {
         run { id cursor } } }`,
    { agentId, taskId: task.data.taskCreate.task.id, timeoutSeconds },
  );
  const { id, cursor }: { id: string; cursor: string } = started.data.agentRunStart.run;
  return { runId: id, cursor, agentId };
}

const stateOf = async (runId: string): Promise<string | undefined> => {
  const { data } = await client.ask('query ($id: ID!) { agentRun(id: $id) { state } }', { id: runId });
  return data?.agentRun?.state;
};

/** Checks that the run ends once, within its deadline and the leases, and that its slot is free. */
async function expectSettled({ runId, cursor, agentId }: Awaited<ReturnType<typeof startRun>>) {
  await until('the run has ended', async () => FINAL.includes((await stateOf(runId)) ?? ''), 40_000);
  const { data } = await client.ask('query ($id: ID!) { agent(id: $id) { status currentTasks } }', {
    id: agentId,
  });
  expect(data.agent).toEqual({ status: 'IDLE', currentTasks: 0 });
  const follow = client.follow(
    `subscription ($runId: ID!, $after: EventCursor) {
       agentRunEvents(runId: $runId, after: $after) { __typename ... on AgentRunChanged { run { state } } } }`,
    { runId, after: cursor },
  );
  await until('all events have arrived', () => follow.state.isComplete);
  const states = follow.events.flatMap(({ run }) => run?.state ?? []);
  expect(states[0]).toBe('QUEUED');
  expect(states.filter((state) => FINAL.includes(state))).toHaveLength(1);
  return states;
}

describe('SIGKILL of the agents subgraph', () => {
  test('while OpenClaw executes the run: the callback ends the run after the restart', async () => {
    system.simulator.set({ delayMs: 1_500, dispatch: 'normal' });
    const run = await startRun();
    await until('the run is RUNNING', async () => (await stateOf(run.runId)) === 'RUNNING');

    await system.crash('agents');

    expect((await expectSettled(run)).at(-1)).toBe('SUCCEEDED');
  });

  test('during a hand-over without an answer: OpenClaw executes the run once', async () => {
    system.simulator.set({ delayMs: 50, dispatch: 'hang', times: 1 });
    const run = await startRun();
    await until('the run is DISPATCHING', async () => (await stateOf(run.runId)) === 'DISPATCHING');

    await system.crash('agents');

    expect((await expectSettled(run)).at(-1)).toBe('SUCCEEDED');
    const executions = Object.entries(system.simulator.state().runsStarted).filter(([key]) =>
      key.includes(run.runId),
    );
    expect(executions.map(([, count]) => count)).toEqual([1]);
  });

  test('before a lost callback: the run times out and its slot is free', async () => {
    system.simulator.set({ delayMs: 50, dispatch: 'normal', callbacks: 'never', times: 1 });
    const run = await startRun();
    await until('the run is RUNNING', async () => (await stateOf(run.runId)) === 'RUNNING');

    await system.crash('agents');

    expect((await expectSettled(run)).at(-1)).toBe('TIMED_OUT');
  });

  test('at twelve different times: every acknowledged run ends once and every slot is free', async () => {
    system.simulator.set({ delayMs: 100, dispatch: 'normal', callbacks: 'normal' });
    const runs: Awaited<ReturnType<typeof startRun>>[] = [];
    for (let cycle = 0; cycle < 12; cycle++) {
      // Longer than all restarts, so that a run does not time out while the process restarts for later runs.
      runs.push(await startRun(300));
      // The kill happens at times from before the hand-over to after the callback.
      await new Promise((resolve) => setTimeout(resolve, cycle * 20));
      await system.crash('agents');
    }

    const ends = await Promise.all(runs.map(expectSettled));

    expect(ends.map((states) => states.at(-1))).toEqual(runs.map(() => 'SUCCEEDED'));
  }, 180_000);
});

test('the output of the processes contains no secret', () => {
  const { hooksToken, gatewayToken, callbackSecret } = system.simulator;
  for (const secret of [hooksToken, gatewayToken, callbackSecret])
    expect(system.output()).not.toContain(secret);
});
