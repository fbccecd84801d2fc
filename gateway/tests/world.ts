import { randomUUID } from 'node:crypto';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import type { RequestActor } from '../../platform/identity/actor.ts';
import { DomainError } from '../../platform/input/errors.ts';
import { until } from '../../platform/testing/wait.ts';
import { GatewayConfig } from '../config.ts';
import { startGateway } from '../gateway.ts';
import { createBoard } from './board.ts';
import { openTestSubgraph, SIGNING_KEY } from './subgraph.ts';

// biome-ignore lint/suspicious/noExplicitAny: the documents are plain text here, so answers have no types
export type Json = any;

/** Follows a board. `WITH_PROJECT` needs the projects subgraph for each event too. */
export const BOARD = `subscription Board($after: EventCursor) {
  boardEvents(projectId: "p1", after: $after) { kind: __typename cursor ... on TaskChanged { task { id title } } } }`;
export const WITH_PROJECT = `subscription BoardWithProject($after: EventCursor) {
  boardEvents(projectId: "p1", after: $after) {
    kind: __typename cursor ... on TaskChanged { task { id title project { name description } } } } }`;

/** Valid settings, overridden by those of the test. */
export const gatewayConfig = (settings: Record<string, unknown> = {}): GatewayConfig =>
  GatewayConfig.parse({
    GATEWAY_PORT: 0,
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    SIGN_IN: 'development',
    GATEWAY_SIGNING_KEY: SIGNING_KEY,
    ...settings,
  });

/** Opens a gateway with test subgraphs: tasks has a board to follow, and projects adds fields to its events. */
export async function openWorld(settings: Record<string, unknown> = {}) {
  const board = createBoard();
  const projects = await openTestSubgraph('projects', projectsResolvers);
  let tasks = await openTestSubgraph('tasks', tasksResolvers(board));
  const gateway = await startGateway(
    gatewayConfig({
      PROJECTS_URL: projects.url,
      TASKS_URL: tasks.url,
      AGENTS_URL: 'http://127.0.0.1:9', // nothing listens there
      CHAT_URL: 'http://127.0.0.1:9',
      ...settings,
    }),
  );
  const url = `http://127.0.0.1:${gateway.port}`;
  const clients: Client[] = [];

  const connect = (options: Partial<ClientOptions> = {}) => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...options,
    });
    clients.push(client);
    return client;
  };

  return {
    board,
    projects,
    gateway,
    url,
    connect,
    get tasks() {
      return tasks;
    },
    async ask(query: string, variables: object = {}, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, headers: response.headers, ...((await response.json()) as Json) };
    },
    /** Kills the tasks subgraph and starts it again on the same port and board. */
    async restartTasks(meanwhile: () => void = () => undefined) {
      await tasks.kill();
      meanwhile();
      tasks = await openTestSubgraph('tasks', tasksResolvers(board), tasks.port);
    },
    async close() {
      await Promise.all(clients.map((client) => client.dispose()));
      await gateway.close();
      await projects.kill();
      await tasks.kill();
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Subscribes, collects what arrives, and resolves when the stream has caught up. */
export async function follow(client: Client, query: string, variables: Record<string, unknown> = {}) {
  const following = begin(client, query, variables);
  await until('the subscription is live', () =>
    following.results.some(({ data }) => Object.values<Json>(data ?? {})[0]?.kind === 'StreamCaughtUp'),
  );
  return following;
}

/** Subscribes without waiting, for subscriptions that end before they catch up. */
export function begin(client: Client, query: string, variables: Record<string, unknown> = {}) {
  const results: Json[] = [];
  const errors: Json[] = [];
  const state = { isComplete: false };
  const leave = client.subscribe(
    { query, variables },
    {
      next: (result) => results.push(result),
      error: (error) => errors.push(...(Array.isArray(error) ? error : [error])),
      complete: () => {
        state.isComplete = true;
      },
    },
  );
  return {
    results,
    /** The errors that refused the subscription before any result. */
    errors,
    state,
    leave,
    /** The ids of the changed tasks, in the order of the events. */
    tasks: (): string[] => results.flatMap(({ data }) => data?.boardEvents?.task?.id ?? []),
  };
}

/** How often a board called `crowded` is refused before it can be followed. */
const CROWDED_TIMES = 2;

const tasksResolvers = (board: ReturnType<typeof createBoard>, refused = { times: 0 }) => ({
  Query: {
    /** A task of the project whose id is its own. */
    task: (_root: unknown, { id }: { id: string }) => ({ id, title: `Task ${id}`, project: { id } }),
  },
  Subscription: {
    boardEvents: {
      subscribe: (_root: unknown, { projectId, after }: { projectId: string; after?: string }) => {
        if (projectId === 'hidden') throw new DomainError('NOT_FOUND', 'Project hidden does not exist');
        if (projectId === 'crowded' && refused.times++ < CROWDED_TIMES)
          throw new DomainError('UNAVAILABLE', 'The database has too much work now');
        return board.follow(after);
      },
      resolve: (event: unknown) => event,
    },
  },
});

interface TestContext {
  actor: RequestActor;
}

const projectsResolvers = {
  Query: {
    viewer: (_root: unknown, _args: unknown, { actor }: TestContext) => actor,
    project: (_root: unknown, { id }: { id: string }) => (id === 'gone' ? null : { id }),
  },
  Mutation: {
    projectCreate: () => ({ project: { id: randomUUID() }, userErrors: [] }),
  },
  Project: {
    __resolveReference: ({ id }: { id: string }) => (id === 'gone' ? null : { id }),
    name: ({ id }: { id: string }) => {
      if (id === 'broken') throw new Error('a secret of the database');
      return `Project ${id}`;
    },
    description: (_project: unknown, _args: unknown, { actor }: TestContext) => actor.displayName,
    viewerRole: () => 'OWNER',
  },
};
