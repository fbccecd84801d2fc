import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../platform/testing/wait.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

let system: System;
let client: Client;
beforeAll(async () => {
  system = await startSystem();
  client = connectClient(system.url);
});
afterAll(async () => {
  await client.close();
  await system.close();
});

// The documents of the main job: create a project, a task and an agent, start a run, and follow it.
const CREATE_PROJECT = `mutation CreateProject($key: String!) { projectCreate(input: { key: $key, name: "Team Board" }) { project { id key name viewerRole } userErrors { code message field } } }`;
const CREATE_TASK = `mutation CreateTask($projectId: ID!) {
  taskCreate(input: { projectId: $projectId, title: "Write the release notes", description: "For 1.0" }) {
    task { id ref title column { name } category project { key } } userErrors { code message field } } }`;
const CREATE_AGENT = `mutation CreateAgent($slug: String!) { agentCreate(input: { name: "Writer", slug: $slug, maxConcurrent: 1 }) {
  agent { id slug model status currentTasks maxConcurrent isEnabled } userErrors { code message field } } }`;
const START_RUN = `mutation StartRun($agentId: ID!, $taskId: ID!) {
  agentRunStart(input: { agentId: $agentId, taskId: $taskId, instruction: "Draft it", whenBusy: REJECT }) {
    run { id state } userErrors { code message field } } }`;
const FOLLOW_RUN = `subscription FollowRun($runId: ID!, $after: EventCursor) {
  agentRunEvents(runId: $runId, after: $after) { __typename cursor occurredAt
    ... on AgentRunChanged { run { id state outcome { text } failure { code message } agent { name status } task { ref title category project { name } } } } } }`;
const FOLLOW_AGENTS = `subscription FollowAgents($projectId: ID!, $after: EventCursor) {
  agentStatusEvents(projectId: $projectId, after: $after) { __typename cursor ... on AgentStatusChanged { agent { id name status currentTasks } } } }`;
const FOLLOW_BOARD = `subscription FollowBoard($projectId: ID!, $after: EventCursor) {
  boardEvents(projectId: $projectId, after: $after) { __typename cursor
    ... on TaskChanged { task { id ref title category column { name } delegate { name status } } changedFields } ... on TaskRemoved { taskId } } }`;
const BOARD = `query Board($id: ID!) { project(id: $id) { name columns { name category wipLimit tasks(first: 50) { nodes {
  id ref title priority assignee { displayName } delegate { name status } activeRun { id state } subtaskProgress { done total } } } } } }`;
const SEND = `mutation Send($channelId: ID!) { messageSend(input: { channelId: $channelId, body: "Hello @Writer" }) { message { id seq body author { displayName } } userErrors { code message field } } }`;
const FOLLOW_CHAT = `subscription FollowChat($channelId: ID!, $after: EventCursor) {
  chatEvents(channelId: $channelId, after: $after) { __typename cursor ... on MessageChanged { message { id seq body author { displayName } } } } }`;
const CHANNELS = `query Channels($id: ID!) { project(id: $id) { channels(first: 10) { nodes { id name messages(last: 20) { nodes { seq body author { displayName } } } } } } }`;

let counter = 0;
const unique = () => `M${Date.now().toString(36).slice(-6)}${(counter++).toString(36)}`;

async function makeBoard() {
  const project = await client.ask(CREATE_PROJECT, { key: unique().toUpperCase() });
  const projectId: string = project.data.projectCreate.project.id;
  const task = await client.ask(CREATE_TASK, { projectId });
  const agent = await client.ask(CREATE_AGENT, { slug: unique().toLowerCase() });
  return {
    project: project.data.projectCreate,
    task: task.data.taskCreate,
    agent: agent.data.agentCreate,
    projectId,
    taskId: task.data.taskCreate.task.id as string,
    agentId: agent.data.agentCreate.agent.id as string,
  };
}

describe('the main job', () => {
  test('a new project has a board and a channel, a task has a number, an agent has a status', async () => {
    const { project, task, agent, projectId } = await makeBoard();

    expect(project).toMatchObject({ project: { name: 'Team Board', viewerRole: 'OWNER' }, userErrors: [] });
    expect(task.task).toMatchObject({
      ref: `${project.project.key}-1`,
      column: { name: 'To do' },
      category: 'TODO',
      project: { key: project.project.key },
    });
    expect(agent.agent).toMatchObject({
      model: 'claude-opus-4-5',
      status: 'IDLE',
      currentTasks: 0,
      isEnabled: true,
    });
    const board = await client.ask(BOARD, { id: projectId });
    expect(board.errors).toBeUndefined();
    const columns: { name: string; category: string }[] = board.data.project.columns;
    expect(columns.map(({ name, category }) => [name, category])).toEqual([
      ['Backlog', 'BACKLOG'],
      ['To do', 'TODO'],
      ['In progress', 'IN_PROGRESS'],
      ['In review', 'IN_REVIEW'],
      ['Done', 'DONE'],
    ]);
    const channels = await client.ask(CHANNELS, { id: projectId });
    expect(channels.data.project.channels.nodes).toMatchObject([
      { name: 'general', messages: { nodes: [] } },
    ]);
  });

  test('a run is executed by OpenClaw and ended by its callback, and all followers receive the changes', async () => {
    const { projectId, taskId, agentId, task } = await makeBoard();
    const board = client.follow(FOLLOW_BOARD, { projectId });
    const agents = client.follow(FOLLOW_AGENTS, { projectId });
    await until('both are live', () => board.events.length > 0 && agents.events.length > 0);

    const started = await client.ask(START_RUN, { agentId, taskId });
    expect(started.data.agentRunStart.userErrors).toEqual([]);
    const { id: runId } = started.data.agentRunStart.run;
    const { data } = await client.ask('query ($id: ID!) { agentRun(id: $id) { cursor } }', { id: runId });
    const run = client.follow(FOLLOW_RUN, { runId, after: data.agentRun.cursor });

    await until('the run has ended', () => run.state.isComplete);
    const steps = run.events
      .filter(({ __typename }) => __typename === 'AgentRunChanged')
      .map((event) => event.run);
    expect(run.errors).toEqual([]);
    expect(steps.map(({ state }) => state)).toEqual(['QUEUED', 'DISPATCHING', 'RUNNING', 'SUCCEEDED']);
    expect(steps.at(-1)).toMatchObject({
      outcome: { text: expect.stringContaining('simulator') },
      failure: null,
      agent: { name: 'Writer' },
      task: { ref: task.task.ref, title: 'Write the release notes', project: { name: 'Team Board' } },
    });

    await until('the board shows the task in review', () =>
      board.events.some(({ task: shown }) => shown?.category === 'IN_REVIEW'),
    );
    await until('the agent is idle again', () => agents.events.at(-1)?.agent?.status === 'IDLE');
    expect(agents.events.at(-1).agent).toMatchObject({ name: 'Writer', currentTasks: 0 });
    expect(board.events.filter(({ task: shown }) => shown).at(-1).task.delegate).toMatchObject({
      name: 'Writer',
    });

    const after = await client.ask(
      'query ($id: ID!) { task(id: $id) { category activeRun { id } comments { nodes { body author { __typename displayName } run { state } } } } }',
      { id: taskId },
    );
    expect(after.data.task).toMatchObject({
      category: 'IN_REVIEW',
      activeRun: null,
      comments: {
        nodes: [{ author: { __typename: 'Agent', displayName: 'Writer' }, run: { state: 'SUCCEEDED' } }],
      },
    });
    board.end();
    agents.end();
  });

  test('a busy agent refuses a run with AGENT_BUSY', async () => {
    system.simulator.set({ delayMs: 1_000 });
    const first = await makeBoard();
    const second = await makeBoard();
    await client.ask(START_RUN, { agentId: first.agentId, taskId: first.taskId });

    const { data } = await client.ask(START_RUN, { agentId: first.agentId, taskId: second.taskId });

    expect(data.agentRunStart).toMatchObject({
      run: null,
      userErrors: [{ code: 'AGENT_BUSY', field: ['input', 'agentId'] }],
    });
    system.simulator.set({ delayMs: 50 });
  });

  test('a message is sent and arrives at a follower', async () => {
    const { projectId } = await makeBoard();
    const channels = await client.ask(CHANNELS, { id: projectId });
    const channelId: string = channels.data.project.channels.nodes[0].id;
    const chat = client.follow(FOLLOW_CHAT, { channelId });
    await until('the chat is live', () => chat.events.length > 0);

    const sent = await client.ask(SEND, { channelId });

    const message = { seq: 1, body: 'Hello @Writer', author: { displayName: 'Developer' } };
    expect(sent.data.messageSend).toMatchObject({ message, userErrors: [] });
    await until('the message arrives', () => chat.events.some((event) => event.message));
    expect(chat.events.at(-1)).toMatchObject({ __typename: 'MessageChanged', message });
    chat.end();
  });
});

describe('membership', () => {
  const asAlice = () => connectClient(system.url, 'Development alice');

  test('a person who is not a member cannot read or follow a project', async () => {
    const { projectId, taskId } = await makeBoard();
    const alice = asAlice();

    const seen = await alice.ask(
      'query ($p: ID!, $t: ID!) { project(id: $p) { name } task(id: $t) { title } }',
      { p: projectId, t: taskId },
    );
    const followed = alice.follow(FOLLOW_BOARD, { projectId });
    await until('the subscription is refused', () => followed.errors.length > 0);

    expect(seen.data).toEqual({ project: null, task: null });
    expect(followed.events).toEqual([]);
    expect(JSON.stringify(followed.errors)).toContain('NOT_FOUND');
    await alice.close();
  });

  test('a removed member receives no event that is committed after the removal', async () => {
    const { projectId, taskId } = await makeBoard();
    const alice = asAlice();
    const { data } = await alice.ask('{ viewer { id } }');
    const userId: string = data.viewer.id;
    const member = { projectId, userId };
    await client.ask(
      'mutation ($projectId: ID!, $userId: ID!) { memberSet(input: { projectId: $projectId, userId: $userId, role: MEMBER }) { userErrors { message } } }',
      member,
    );
    const followed = alice.follow(FOLLOW_BOARD, { projectId });
    await until('Alice follows', () => followed.events.length > 0);

    await client.ask(
      'mutation ($projectId: ID!, $userId: ID!) { memberRemove(input: { projectId: $projectId, userId: $userId }) { userErrors { message } } }',
      member,
    );
    await client.ask(
      'mutation ($id: ID!) { taskUpdate(input: { id: $id, title: "Secret" }) { task { id } } }',
      {
        id: taskId,
      },
    );

    await until('her subscription ends', () => followed.errors.length > 0);
    expect(JSON.stringify(followed.events)).not.toContain('Secret');
    await alice.close();
  });
});
