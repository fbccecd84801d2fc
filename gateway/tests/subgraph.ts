import type { Socket } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import Fastify from 'fastify';
import { type GraphQLError, graphql } from 'graphql';
import { formatError } from '../../platform/graphql/format-error.ts';
import { answerHttpErrors } from '../../platform/graphql/http-error.ts';
import { SCALARS } from '../../platform/graphql/scalars.ts';
import { serveSubscriptions } from '../../platform/graphql/subscription-server.ts';
import { signingKey, type Viewer, verifyViewer } from '../../platform/identity/statement.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { type SubgraphName, subgraphSdl } from '../../schema/sdl.ts';

export const SIGNING_KEY = 'the-key-of-tests-has-40-characters-in-it';
const key = signingKey(SIGNING_KEY);

/** What the gateway asked of a subgraph. */
export interface Question {
  query: string;
  variables: Record<string, unknown>;
  viewer: Viewer;
  headers: Record<string, unknown>;
}

/** A subgraph of tests: the real SDL, the platform's way in, and resolvers without rows. */
export type TestSubgraph = Awaited<ReturnType<typeof openTestSubgraph>>;

export async function openTestSubgraph(name: SubgraphName, resolvers: object, port = 0) {
  const schema = buildSubgraphSchema([
    { typeDefs: subgraphSdl(name), resolvers: { ...SCALARS, ...resolvers } as never },
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
    subgraph: name,
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
    /** What a network does to a subgraph: its connections are gone, and it does not know why. */
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
