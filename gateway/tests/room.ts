import type { Socket } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import Fastify from 'fastify';
import { type GraphQLError, graphql } from 'graphql';
import { formatError } from '../../platform/format-error.ts';
import { answerHttpErrors } from '../../platform/http-error.ts';
import { signingKey, type Viewer, verifyViewer } from '../../platform/identity.ts';
import { SCALARS } from '../../platform/scalars.ts';
import { serveSubscriptions } from '../../platform/subscription-server.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { type Room as RoomName, roomSdl } from '../../schema/sdl.ts';

export const SIGNING_KEY = 'the-key-of-tests-has-40-characters-in-it';
const key = signingKey(SIGNING_KEY);

/** What the gateway asked of a room. */
export interface Question {
  query: string;
  variables: Record<string, unknown>;
  viewer: Viewer;
  headers: Record<string, unknown>;
}

/** A room of tests: the real SDL, the platform's way in, and resolvers without rows. */
export type TestRoom = Awaited<ReturnType<typeof openTestRoom>>;

export async function openTestRoom(name: RoomName, resolvers: object, port = 0) {
  const schema = buildSubgraphSchema([
    { typeDefs: roomSdl(name), resolvers: { ...SCALARS, ...resolvers } as never },
  ]);
  const questions: Question[] = [];
  const connections = new Set<Socket>();
  let hanging: PromiseWithResolvers<void> | null = null;

  const app = Fastify({ forceCloseConnections: true });
  answerHttpErrors(app, testLog);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post<{ Body: string }>('/graphql', async ({ body, headers }) => {
    const viewer = await verifyViewer(key, name, String(headers['x-team-board-viewer']), body);
    const { query, variables } = JSON.parse(body) as Question;
    questions.push({ query, variables, viewer, headers });
    await hanging?.promise;
    const { data, errors } = await graphql({
      schema,
      source: query,
      variableValues: variables,
      contextValue: { viewer },
    });
    return {
      data,
      ...(errors && { errors: errors.map((error) => formatError(error as GraphQLError, testLog)) }),
    };
  });
  app.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const subscriptions = serveSubscriptions({
    app,
    schema,
    key,
    room: name,
    createContext: (viewer) => ({ viewer }),
    log: testLog,
  });
  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address() as { port: number };

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    questions,
    /** Requests are taken and not answered until `answer` is called. */
    hang() {
      hanging = Promise.withResolvers();
    },
    answer() {
      hanging?.resolve();
      hanging = null;
    },
    /** What a network does to a room: its connections are gone, and it does not know why. */
    loseConnections() {
      for (const socket of connections) socket.destroy();
    },
    /** What kill -9 does: no goodbye. */
    async kill() {
      if (!app.server.listening) return;
      hanging?.resolve();
      for (const socket of connections) socket.destroy();
      await subscriptions.close();
      await app.close();
    },
  };
}
