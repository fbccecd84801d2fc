import type { Socket } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLError, graphql } from 'graphql';
import { formatError } from '../../platform/graphql/format-error.ts';
import { createHttpServer } from '../../platform/graphql/http-server.ts';
import { SCALARS } from '../../platform/graphql/scalars.ts';
import { serveSubscriptions } from '../../platform/graphql/subscription-server.ts';
import type { RequestActor } from '../../platform/identity/actor.ts';
import {
  createStatementReader,
  requestBody,
  STATEMENT_HEADER,
  signingKey,
} from '../../platform/identity/statement.ts';
import type { Logger } from '../../platform/process/log.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { type SubgraphName, subgraphSdl } from '../../schema/sdl.ts';

export const SIGNING_KEY = 'the-key-of-tests-has-40-characters-in-it';
const key = signingKey(SIGNING_KEY);

/** A request of the gateway to a subgraph. */
export interface Question {
  query: string;
  variables: Record<string, unknown>;
  actor: RequestActor;
  headers: Record<string, unknown>;
}

export type TestSubgraph = Awaited<ReturnType<typeof openTestSubgraph>>;

/** Opens a subgraph with the real SDL and the platform's servers, but with resolvers instead of a database. */
export async function openTestSubgraph(name: SubgraphName, resolvers: object, port = 0) {
  const schema = buildSubgraphSchema([
    { typeDefs: subgraphSdl(name), resolvers: { ...SCALARS, ...resolvers } as never },
  ]);
  const readStatement = createStatementReader(key, name);
  const questions: Question[] = [];
  const connections = new Set<Socket>();
  let hanging: PromiseWithResolvers<void> | null = null;

  const app = createHttpServer({ log: testLog, bodyBytesMax: 2_097_152, requestTimeoutMs: 10_000 });
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post<{ Body: string }>('/graphql', async ({ body, headers, log }) => {
    const covered = requestBody('POST', '/graphql', body);
    const { actor } = await readStatement(String(headers[STATEMENT_HEADER]), covered);
    const { query, variables } = JSON.parse(body) as Question;
    questions.push({ query, variables, actor, headers });
    await hanging?.promise;
    const { data, errors } = await graphql({
      schema,
      source: query,
      variableValues: variables,
      contextValue: { actor },
    });
    return {
      data,
      ...(errors && { errors: errors.map((error) => formatError(error as GraphQLError, log as Logger)) }),
    };
  });
  app.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const subscriptions = serveSubscriptions({
    app,
    schema,
    readStatement,
    createContext: (actor) => ({ actor }),
    log: testLog,
  });
  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address() as { port: number };

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    questions,
    /** Accepts requests without answering them, until `answer` is called. */
    hang() {
      hanging = Promise.withResolvers();
    },
    answer() {
      hanging?.resolve();
      hanging = null;
    },
    /** Breaks all connections, as a network failure does. */
    loseConnections() {
      for (const socket of connections) socket.destroy();
    },
    /** Stops at once, as `kill -9` does. */
    async kill() {
      if (!app.server.listening) return;
      hanging?.resolve();
      for (const socket of connections) socket.destroy();
      await subscriptions.close();
      await app.close();
    },
  };
}
