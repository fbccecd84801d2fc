import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SCALARS } from '../../platform/graphql/scalars.ts';
import { type GraphqlServer, serveGraphql } from '../../platform/subgraph/graphql-server.ts';
import type { Infrastructure } from '../../platform/subgraph/infrastructure.ts';
import { openSubgraph, type Subgraph } from '../../platform/subgraph/subgraph.ts';
import { captureLog } from '../../platform/testing/captured-log.ts';
import { openTestInfrastructure } from '../../platform/testing/infrastructure.ts';
import { until } from '../../platform/testing/wait.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import { createBoard } from './board.ts';
import { SIGNING_KEY } from './subgraph.ts';
import { follow, type Json, openWorld, type World } from './world.ts';

const FAILING_QUERY = '{ task(id: "t1") { id } }';
const FAILING_EVENTS = `subscription {
  boardEvents(projectId: "p1") { kind: __typename ... on TaskChanged { changedFields } } }`;
const NEW_ID = /^[0-9a-f-]{36}$/;

/** The real server of a subgraph, with its database, whose resolvers have bugs. */
const logged = captureLog();
const board = createBoard();
let infrastructure: Infrastructure;
let tasks: Subgraph;
let server: GraphqlServer;
let world: World;
beforeAll(async () => {
  infrastructure = await openTestInfrastructure();
  const definition = { name: 'tasks', entities: [], migrations: [], readers: [], locks: [] };
  tasks = await openSubgraph(definition, infrastructure, logged.log);
  server = await serveGraphql({
    subgraph: tasks,
    typeDefs: subgraphSdl('tasks'),
    resolvers: {
      ...SCALARS,
      Query: {
        task: () => {
          throw new Error('a bug');
        },
      },
      Subscription: {
        boardEvents: {
          subscribe: (_root: unknown, { after }: { after?: string }) => board.follow(after),
          resolve: (event: unknown) => event,
        },
      },
    },
    extendContext: (context) => context,
    config: { HOST: '127.0.0.1', GATEWAY_SIGNING_KEY: SIGNING_KEY },
    port: { setting: 'TASKS_PORT', value: 0 },
  });
  world = await openWorld({ TASKS_URL: `http://127.0.0.1:${server.port}` });
});
afterAll(async () => {
  await world.close();
  await server.close();
  await tasks.close();
  await infrastructure.close();
});

const lastFailures = (count: number) => logged.records('request.failed').slice(-count);
const errorIdOf = ({ errors }: Json): string => errors[0].extensions.errorId;

describe("a failure in a subgraph's log", () => {
  test('has the request id that the client got', async () => {
    const answer = await world.ask(FAILING_QUERY);

    const requestId = answer.headers.get('x-request-id');
    expect(requestId).toMatch(NEW_ID);
    expect(lastFailures(1)).toMatchObject([
      { requestId, errorId: errorIdOf(answer), err: { message: 'a bug' } },
    ]);
  });

  test('has the request id that the client sent', async () => {
    await world.ask(FAILING_QUERY, {}, { 'x-request-id': 'request-of-ada-1' });

    expect(lastFailures(1)).toMatchObject([{ requestId: 'request-of-ada-1' }]);
  });

  test('has a request id for a query over WebSocket', async () => {
    const answer = await new Promise<Json>((resolve, reject) => {
      const sink = { next: resolve, error: reject, complete: () => undefined };
      world.connect().subscribe({ query: FAILING_QUERY }, sink);
    });

    expect(lastFailures(1)).toMatchObject([
      { requestId: expect.stringMatching(NEW_ID), errorId: errorIdOf(answer) },
    ]);
  });

  test('has the request id of the subscription for each of its events', async () => {
    const { results } = await follow(world.connect(), FAILING_EVENTS);
    board.fail();
    board.fail();
    await until('both events have arrived', () => results.length === 3);

    const [first, second] = lastFailures(2);
    expect([first?.['errorId'], second?.['errorId']]).toEqual(results.slice(1).map(errorIdOf));
    expect(first?.['requestId']).toMatch(NEW_ID);
    expect(second?.['requestId']).toBe(first?.['requestId']);
  });
});
