/**
 * Runs the main job against a running system and prints the events that a frontend would receive.
 *
 *   npm run demo                        uses this machine, at GATEWAY_PORT or 8000
 *   npm run demo -- --url http://…      uses another address; --token … signs in
 *   npm run demo -- --agent researcher  uses another agent of OpenClaw (default: main)
 *
 * Exits with 0 when the task is in review and has the agent's answer as a comment, with 1 when it has not within two
 * minutes.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { graphql } from '../generated/client/index.ts';
import { port, readConfig } from '../platform/process/config.ts';
import { type BoardClient, connectBoard } from './board-client.ts';

const { GATEWAY_PORT } = readConfig(z.object({ GATEWAY_PORT: port(8000) }));
const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: `http://127.0.0.1:${GATEWAY_PORT}` },
    token: { type: 'string' },
    agent: { type: 'string', default: 'main' },
  },
});
const TIMEOUT_MS = 120_000;

const CREATE_PROJECT = graphql(`
  mutation DemoProject($key: String!) {
    projectCreate(input: { key: $key, name: "Team Board" }) {
      project { id key name viewerRole }
      userErrors { code message field }
    }
  }
`);
const CREATE_TASK = graphql(`
  mutation DemoTask($projectId: ID!) {
    taskCreate(input: { projectId: $projectId, title: "Write the release notes", description: "For 1.0" }) {
      task { id ref title column { name } }
      userErrors { code message field }
    }
  }
`);
const FIND_AGENT = graphql(`
  query DemoFindAgent($slug: String!) {
    agent(slug: $slug) { id name slug status }
  }
`);
const CREATE_AGENT = graphql(`
  mutation DemoAgent($slug: String!) {
    agentCreate(input: { name: "Writer", slug: $slug, maxConcurrent: 1 }) {
      agent { id name slug status }
      userErrors { code message field }
    }
  }
`);
const START_RUN = graphql(`
  mutation DemoRun($agentId: ID!, $taskId: ID!) {
    agentRunStart(input: { agentId: $agentId, taskId: $taskId, instruction: "Draft it", whenBusy: QUEUE }) {
      run { id state cursor }
      userErrors { code message field }
    }
  }
`);
const FOLLOW_RUN = graphql(`
  subscription DemoFollowRun($runId: ID!, $after: EventCursor) {
    agentRunEvents(runId: $runId, after: $after) {
      __typename
      ... on AgentRunChanged {
        run {
          state
          outcome { text }
          failure { code message }
          agent { name }
          task { ref title project { name } }
        }
      }
    }
  }
`);
const FOLLOW_AGENTS = graphql(`
  subscription DemoFollowAgents($projectId: ID!) {
    agentStatusEvents(projectId: $projectId) {
      __typename
      ... on AgentStatusChanged { agent { name status currentTasks queuedRuns } }
    }
  }
`);
const FOLLOW_BOARD = graphql(`
  subscription DemoFollowBoard($projectId: ID!) {
    boardEvents(projectId: $projectId) {
      __typename
      ... on TaskChanged { task { ref category column { name } delegate { name status } } changedFields }
      ... on CommentAdded { task { ref category } comment { body author { displayName } run { id } } }
    }
  }
`);

const print = (topic: string, text: string) => console.log(`  ${topic.padEnd(7)} ${text}`);

/** Returns the payload. Throws its first user error. */
function requireSuccess<Payload extends { userErrors: { message: string }[] }>(payload: Payload): Payload {
  const [error] = payload.userErrors;
  if (error) throw new Error(error.message);
  return payload;
}

async function runMainJob(client: BoardClient): Promise<boolean> {
  const key = `D${Date.now().toString(36).toUpperCase().slice(-8)}`;
  const project = requireSuccess((await client.ask(CREATE_PROJECT, { key })).projectCreate).project!;
  print('project', `${project.key} “${project.name}”, you are ${project.viewerRole}`);
  const task = requireSuccess((await client.ask(CREATE_TASK, { projectId: project.id })).taskCreate).task!;
  print('task', `${task.ref} “${task.title}” in ${task.column.name}`);
  const agent = await findOrCreateAgent(client, options.agent);
  print('agent', `${agent.name} (${agent.slug}) is ${agent.status}`);

  const isCommented = followBoard(client, project.id);
  client.follow(FOLLOW_AGENTS, { projectId: project.id }, ({ agentStatusEvents: event }) => {
    if (event.__typename !== 'AgentStatusChanged' || !event.agent) return;
    const { name, status, currentTasks, queuedRuns } = event.agent;
    print('agent', `${name} is ${status}: ${currentTasks} running, ${queuedRuns} queued`);
  });
  await client.whenFollowing();

  const { run } = requireSuccess(
    (await client.ask(START_RUN, { agentId: agent.id, taskId: task.id })).agentRunStart,
  );
  const hasSucceeded = followRun(client, run!);
  return (await hasSucceeded) && (await isCommented);
}

async function findOrCreateAgent(client: BoardClient, slug: string) {
  const { agent } = await client.ask(FIND_AGENT, { slug });
  return agent ?? requireSuccess((await client.ask(CREATE_AGENT, { slug })).agentCreate).agent!;
}

/** Resolves when the board shows the agent's answer as a comment on a task in review. */
const followBoard = (client: BoardClient, projectId: string): Promise<boolean> =>
  new Promise((resolve) => {
    client.follow(FOLLOW_BOARD, { projectId }, ({ boardEvents: event }) => {
      if (event.__typename === 'TaskChanged' && event.task) {
        const { ref, column, delegate } = event.task;
        const by = delegate ? `, with ${delegate.name}` : '';
        print('board', `${ref} is in ${column.name}${by} (changed: ${event.changedFields.join(', ')})`);
      }
      if (event.__typename === 'CommentAdded') {
        print('board', `${event.comment?.author?.displayName} comments: ${event.comment?.body}`);
        resolve(event.task?.category === 'IN_REVIEW');
      }
    });
  });

/** Resolves when the run has ended: with true when it succeeded. */
const followRun = (client: BoardClient, run: { id: string; cursor: string }): Promise<boolean> =>
  new Promise((resolve) => {
    client.follow(FOLLOW_RUN, { runId: run.id, after: run.cursor }, ({ agentRunEvents: event }) => {
      if (event.__typename !== 'AgentRunChanged') return;
      const { state, task, outcome, failure } = event.run;
      print('run', `${state.padEnd(11)} ${task?.ref} “${task?.title}” of ${task?.project?.name}`);
      if (outcome) resolve(true);
      if (failure) {
        print('run', `failed: ${failure.message}`);
        resolve(false);
      }
    });
  });

const client = connectBoard(options.url, options.token);
const timer = setTimeout(() => {
  console.error(`The run did not end within ${TIMEOUT_MS / 1000} seconds.`);
  process.exit(1);
}, TIMEOUT_MS);
try {
  console.log(`Running the main job against ${options.url}\n`);
  const isDone = await runMainJob(client);
  console.log(
    isDone ? '\nDone: the task is in review, and the answer is a comment.' : '\nThe main job failed.',
  );
  process.exitCode = isDone ? 0 : 1;
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
  await client.close();
}
