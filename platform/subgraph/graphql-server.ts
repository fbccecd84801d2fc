import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import { formatError } from '../graphql/format-error.ts';
import { serveHealth } from '../graphql/health.ts';
import { createHttpServer, listen, type Port } from '../graphql/http-server.ts';
import { takeNullAsDefault } from '../graphql/null-as-default.ts';
import { QUIET_PLUGINS } from '../graphql/quiet-plugins.ts';
import { currentRequestLog } from '../graphql/request-log.ts';
import { stopResolvers } from '../graphql/stop-resolvers.ts';
import { serveSubscriptions } from '../graphql/subscription-server.ts';
import { actorKey, type RequestActor } from '../identity/actor.ts';
import {
  createStatementReader,
  type ReadStatement,
  requestBody,
  STATEMENT_HEADER,
  type Statement,
  signingKey,
} from '../identity/statement.ts';
import type { SubgraphConfig } from '../process/config.ts';
import type { Logger } from '../process/log.ts';
import { requireTime, runWork, timeIsOver, type Work } from '../process/work.ts';
import { createRequestContext, type RequestContext } from './request.ts';
import type { Subgraph } from './subgraph.ts';

/** Enough for a few hundred entity references and for any mutation. */
const REQUEST_BYTES_MAX = 2_097_152;

/** The gateway sends each request at once. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface GraphqlServerOptions<Context extends RequestContext> {
  subgraph: Subgraph;
  typeDefs: DocumentNode;
  resolvers: unknown;
  /** Adds a subgraph's loaders to the context of a request. */
  extendContext: (context: RequestContext) => Context;
  config: Pick<SubgraphConfig, 'HOST' | 'GATEWAY_SIGNING_KEY'>;
  port: Port;
  /** Adds routes, such as the one of a callback. */
  routes?: (app: FastifyInstance) => void;
}

export interface GraphqlServer {
  /** The port on which the server listens. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves a subgraph: GraphQL over HTTP and graphql-ws at /graphql for the gateway, and its health for operators.
 *
 * A request that the gateway did not sign gets 401, also for `_service` and `_entities`. Records of a request have its
 * request id. Throws StartError when the port cannot be listened on.
 */
export async function serveGraphql<Context extends RequestContext>(
  options: GraphqlServerOptions<Context>,
): Promise<GraphqlServer> {
  const { subgraph, config, port } = options;
  const readStatement = createStatementReader(signingKey(config.GATEWAY_SIGNING_KEY), subgraph.name);
  const schema = stopResolvers(
    takeNullAsDefault(
      buildSubgraphSchema([{ typeDefs: options.typeDefs, resolvers: options.resolvers as never }]),
    ),
  );
  const app = createHttpServer({
    log: subgraph.log,
    bodyBytesMax: REQUEST_BYTES_MAX,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  keepRawBodies(app);
  const createContext = (actor: RequestActor, log: Logger): Context =>
    options.extendContext(createRequestContext(subgraph, actor, log));

  const server = await startApollo<Context>(schema, app, subgraph);
  const answer = fastifyApolloHandler(server, {
    context: async ({ statement, log }) => createContext(statement.actor, log as Logger),
  });
  app.post('/graphql', {
    preHandler: async (request) => {
      request.statement = await authenticate(request, readStatement);
    },
    handler: (request, reply) =>
      runWork(workOf(request, reply), () => {
        requireTime();
        return answer.call(app, request, reply);
      }),
  });
  const subscriptions = serveSubscriptions({
    app,
    schema,
    readStatement,
    createContext,
    log: subgraph.log,
  });
  serveHealth(app, () => subgraph.isReady());
  options.routes?.(app);
  return {
    port: await listen(app, config.HOST, port),
    async close() {
      await subscriptions.close();
      await server.stop();
      await app.close();
    },
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the gateway says of the request. It is set before the handler of /graphql runs. */
    statement: Statement;
    /** The bytes of a JSON body, which signatures cover. */
    rawBody: Buffer;
  }
}

/** Keeps the bytes of JSON bodies, and refuses JSON with keys that could change a prototype. */
function keepRawBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body as Buffer;
    void parseJson(request, body.toString(), done);
  });
}

/** Returns what the gateway says of a request. Throws UNAUTHENTICATED for a request that it did not sign. */
function authenticate({ method, headers, rawBody }: FastifyRequest, read: ReadStatement): Promise<Statement> {
  const statement = headers[STATEMENT_HEADER];
  const covered = requestBody(method, '/graphql', rawBody ?? '');
  return read(typeof statement === 'string' ? statement : undefined, covered);
}

/** The work of a request: it is over when the gateway's time is, and when the gateway has hung up. */
function workOf({ statement: { actor, deadlineAt } }: FastifyRequest, { raw }: FastifyReply): Work {
  const leaving = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort(timeIsOver());
  });
  return { owner: actorKey(actor), isUrgent: false, deadlineAt, signal: leaving.signal };
}

async function startApollo<Context extends RequestContext>(
  schema: GraphQLSchema,
  app: FastifyInstance,
  subgraph: Subgraph,
): Promise<ApolloServer<Context>> {
  const server = new ApolloServer<Context>({
    schema,
    introspection: false,
    csrfPrevention: false, // a browser cannot sign as the gateway
    persistedQueries: false,
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) =>
      formatError(error as GraphQLError, currentRequestLog() ?? subgraph.log),
    plugins: [...QUIET_PLUGINS, fastifyApolloDrainPlugin(app)],
  });
  await server.start();
  return server;
}
