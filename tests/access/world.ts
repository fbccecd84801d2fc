import { randomBytes, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { connectUpstream } from '../../gateway/subscriptions/upstream.ts';
import { startSimulator } from '../../openclaw-simulator/simulator.ts';
import { type Person, person, type RequestActor } from '../../platform/identity/actor.ts';
import {
  requestBody,
  STATEMENT_HEADER,
  signingKey,
  signStatement,
} from '../../platform/identity/statement.ts';
import { openTestInfrastructure, testLog } from '../../platform/testing/infrastructure.ts';
import { until } from '../../platform/testing/wait.ts';
import type { Role } from '../../schema/roles.ts';
import type { SubgraphName } from '../../schema/sdl.ts';
import { AgentsConfig } from '../../subgraphs/agents/config.ts';
import { startAgents } from '../../subgraphs/agents/subgraph.ts';
import { ChatConfig } from '../../subgraphs/chat/config.ts';
import { startChat } from '../../subgraphs/chat/subgraph.ts';
import { ProjectsConfig } from '../../subgraphs/projects/config.ts';
import { startProjects } from '../../subgraphs/projects/subgraph.ts';
import { TasksConfig } from '../../subgraphs/tasks/config.ts';
import { startTasks } from '../../subgraphs/tasks/subgraph.ts';
import type { Seeker } from './seekers.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each caller writes itself
type Answer = any;

/** A run, as far as the calls need it. */
interface Run {
  id: string;
  agent: { id: string };
  question: { id: string } | null;
}

export type AccessWorld = Awaited<ReturnType<typeof openAccessWorld>>;

/**
 * The four subgraphs in this process, each asked at its own port as the gateway asks: signed, and past the gateway's checks.
 * One project with a person of each role, a stranger, and an agent that works in a run for the owner.
 * Its services write no logs unless `logLevel` says so.
 */
export async function openAccessWorld(logLevel = 'silent') {
  const system = await startSubgraphs(logLevel);
  const { ask } = system;
  const people = {
    OWNER: newPerson('Olivia'),
    ADMIN: newPerson('Adam'),
    MEMBER: newPerson('Mia'),
    VIEWER: newPerson('Victor'),
    STRANGER: newPerson('Sam'),
    WORKSPACE_ADMIN: person({ ...newPerson('Wanda'), workspaceRole: 'ADMIN' }),
  };
  const asOwner = async (subgraph: SubgraphName, document: string, variables: object = {}) => {
    const { data, errors } = await ask(subgraph, people.OWNER, document, variables);
    if (errors) throw new Error(JSON.stringify(errors));
    const [payload] = Object.values(data) as Answer[];
    if (payload?.userErrors?.length) throw new Error(JSON.stringify(payload.userErrors));
    return payload;
  };
  const mutate = (subgraph: SubgraphName, field: string, selection: string, input: object) =>
    asOwner(subgraph, mutationDocument(field, selection), { input });

  for (const each of Object.values(people)) await ask('projects', each, '{ viewer { id } }');
  const { project } = await mutate('projects', 'projectCreate', 'project { id }', {
    key: newKey(),
    name: 'Team Board',
  });
  const projectId: string = project.id;
  const setRole = (userId: string, role: Role) =>
    mutate('projects', 'memberSet', 'project { id }', { projectId, userId, role });
  for (const role of ['ADMIN', 'MEMBER', 'VIEWER'] as const) await setRole(people[role].id, role);

  const newTask = async () =>
    (await mutate('tasks', 'taskCreate', 'task { id column { id } }', { projectId, title: 'A task' })).task;
  const newAgent = async () => {
    const input = { name: 'Writer', slug: newSlug(), projectIds: [projectId] };
    return (await mutate('agents', 'agentCreate', 'agent { id }', input)).agent;
  };
  const readRun = (id: string) =>
    asOwner('agents', 'query ($id: ID!) { agentRun(id: $id) { id state agent { id } question { id } } }', {
      id,
    });
  /** A run in a state, of an agent and on a task of its own. `instruction` steers the simulated model. */
  const newRun = async (instruction: string, state: string): Promise<Run> => {
    const input = { agentId: (await newAgent()).id, taskId: (await newTask()).id, instruction };
    const { run } = await mutate('agents', 'agentRunStart', 'run { id }', input);
    return until(`the run is ${state}`, async () => {
      const now = await readRun(run.id);
      return now.state === state && now;
    });
  };
  /** The channel that every project has. */
  const channel = async (): Promise<{ id: string }> => {
    const [found] = await asOwner(
      'chat',
      `query ($id: ID!) { _entities(representations: [{ __typename: "Project", id: $id }]) {
        ... on Project { channels { nodes { id } } } } }`,
      { id: projectId },
    );
    return found.channels.nodes[0];
  };
  const ownRun = await newRun('[[hang]]', 'RUNNING');
  const seekers: Record<Seeker, RequestActor> = {
    ...people,
    AGENT: {
      kind: 'agent',
      id: ownRun.agent.id,
      displayName: 'Writer',
      runId: ownRun.id,
      scopes: [`project:${projectId}`],
      onBehalfOf: people.OWNER,
    },
  };

  return {
    ...system,
    people,
    seekers,
    projectId,
    newKey,
    newSlug,
    newTask,
    addDependency: (input: { taskId: string; blockedById: string }) =>
      mutate('tasks', 'dependencyAdd', 'task { id }', input),
    newAgent,
    async newMember() {
      const member = newPerson('Nora');
      await ask('projects', member, '{ viewer { id } }');
      await setRole(member.id, 'MEMBER');
      return member;
    },
    newRun,
    channel,
    async newMessage(): Promise<{ id: string }> {
      const input = { channelId: (await channel()).id, body: 'Hello' };
      return (await mutate('chat', 'messageSend', 'message { id }', input)).message;
    },
  };
}

export const mutationDocument = (field: string, selection: string): string =>
  `mutation ($input: ${inputTypeOf(field)}!) { ${field}(input: $input) { ${selection} userErrors { code field message } } }`;

/** Two mutations share an input type. */
const inputTypeOf = (field: string): string =>
  field.startsWith('dependency') ? 'DependencyInput' : `${field[0]!.toUpperCase()}${field.slice(1)}Input`;

const newPerson = (displayName: string): Person => person({ id: randomUUID(), displayName, avatarUrl: null });
const newKey = () => `K${randomBytes(4).toString('hex').toUpperCase()}`;
const newSlug = () => `agent-${randomBytes(4).toString('hex')}`;

async function startSubgraphs(logLevel: string) {
  const signingSecret = randomBytes(32).toString('hex');
  const key = signingKey(signingSecret);
  const infrastructure = await openTestInfrastructure();
  const simulator = await startSimulator({
    acceptAnyAgent: true,
    delayMs: 20,
    slots: 1_000,
    modelRetryMs: 1,
  });
  const read = <Schema extends z.ZodType>(schema: Schema) =>
    schema.parse({
      ...Object.fromEntries(['PROJECTS', 'TASKS', 'AGENTS', 'CHAT'].map((name) => [`${name}_PORT`, '0'])),
      LOG_LEVEL: logLevel,
      GATEWAY_SIGNING_KEY: signingSecret,
      DATABASE_URL: 'postgres://lent',
      REDIS_URL: 'redis://lent',
      OPENCLAW_URL: simulator.url,
      OPENCLAW_TOKEN: simulator.hooksToken,
      OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
      OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
      OPENCLAW_RUNS_MAX: '1000',
      AGENTS_ADDED_BY: 'members',
    });
  const subgraphs = {
    projects: await startProjects(read(ProjectsConfig), infrastructure),
    tasks: await startTasks(read(TasksConfig), infrastructure),
    agents: await startAgents(read(AgentsConfig), infrastructure),
    chat: await startChat(read(ChatConfig), infrastructure),
  };
  const urlOf = (name: SubgraphName) => `http://127.0.0.1:${subgraphs[name].port}`;
  simulator.set({ callbackUrl: `${urlOf('agents')}/agents/callback` });

  return {
    infrastructure,
    async ask(
      name: SubgraphName,
      actor: RequestActor,
      query: string,
      variables: object = {},
    ): Promise<Answer> {
      const body = JSON.stringify({ query, variables });
      const response = await fetch(`${urlOf(name)}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [STATEMENT_HEADER]: await signStatement(key, name, actor, requestBody('POST', '/graphql', body)),
        },
        body,
      });
      return response.json();
    },
    /** The first thing that a subscription says: its first event, or the errors with which it ends. */
    async firstWord(
      name: SubgraphName,
      actor: RequestActor,
      query: string,
      variables: object,
    ): Promise<Answer> {
      const bounds = { timeoutMs: 5_000, pingMs: 10_000, eventBytesMax: 1_000_000 };
      const upstream = connectUpstream({ subgraph: name, url: urlOf(name), key, ...bounds, log: testLog });
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const leave = upstream.follow(
        { query, variables: variables as Record<string, unknown>, actor, requestId: randomUUID() },
        { next: resolve, lost: () => resolve('lost'), end: (errors) => resolve({ errors }) },
      );
      try {
        return await promise;
      } finally {
        leave();
        await upstream.close();
      }
    },
    async close() {
      await simulator.stop();
      for (const subgraph of Object.values(subgraphs).reverse()) await subgraph.close();
      await infrastructure.close();
    },
  };
}
