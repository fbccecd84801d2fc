import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import { formatError } from '../graphql/format-error.ts';
import { serveHealth } from '../graphql/health.ts';
import { answerHttpErrors } from '../graphql/http-error.ts';
import { serveSubscriptions } from '../graphql/subscription-server.ts';
import type { RequestActor } from '../identity/actor.ts';
import { type SigningKey, STATEMENT_HEADER, signingKey, verifyStatement } from '../identity/statement.ts';
import type { SubgraphConfig } from '../process/config.ts';
import { explainListenError } from '../process/service.ts';
import { createRequestContext, type RequestContext } from './request.ts';
import type { Subgraph } from './subgraph.ts';

/** Enough for a few hundred entity references and any mutation; answers are not bounded by it. */
const REQUEST_BYTES_MAX = 2_097_152;

/** The gateway and OpenClaw's plugin send what they have at once. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The plugins that cost time in every request and tell a subgraph nothing. */
export const QUIET_PLUGINS: ApolloServerPlugin[] = [
  ApolloServerPluginCacheControlDisabled(),
  ApolloServerPluginInlineTraceDisabled(),
  ApolloServerPluginLandingPageDisabled(),
  ApolloServerPluginUsageReportingDisabled(),
];

export interface GraphqlServerOptions<Context extends RequestContext> {
  subgraph: Subgraph;
  typeDefs: DocumentNode;
  resolvers: unknown;
  /** Adds a subgraph's loaders to the context of a request. */
  extendContext: (context: RequestContext) => Context;
  config: Pick<SubgraphConfig, 'HOST' | 'GATEWAY_SIGNING_KEY'>;
  /** The setting that holds the port, for messages, and its value. */
  port: { setting: string; value: number };
  /** More routes, such as a callback's. */
  routes?: (app: FastifyInstance) => void;
}

export interface GraphqlServer {
  /** The port listened on. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves a subgraph: GraphQL over HTTP and graphql-ws at /graphql for the gateway alone, and its health for operators.
 *
 * Whatever the gateway did not sign gets 401, `_service` and `_entities` included.
 */
export async function serveGraphql<Context extends RequestContext>(
  options: GraphqlServerOptions<Context>,
): Promise<GraphqlServer> {
  const { subgraph, config, port } = options;
  const key = signingKey(config.GATEWAY_SIGNING_KEY);
  const schema = buildSubgraphSchema([{ typeDefs: options.typeDefs, resolvers: options.resolvers as never }]);
  const app = createHttpServer(subgraph);
  const createContext = (actor: RequestActor): Context =>
    options.extendContext(createRequestContext(subgraph, actor, subgraph.log));

  const server = await startApollo<Context>(schema, app, subgraph);
  app.post('/graphql', {
    preHandler: async (request) => {
      request.actor = await authenticate(request, key, subgraph.name);
    },
    handler: fastifyApolloHandler(server, { context: async (request) => createContext(request.actor) }),
  });
  const subscriptions = serveSubscriptions({
    app,
    schema,
    key,
    subgraph: subgraph.name,
    createContext,
    log: subgraph.log,
  });
  serveHealth(app, () => subgraph.isReady());
  options.routes?.(app);
  try {
    await app.listen({ host: config.HOST, port: port.value });
  } catch (error) {
    throw explainListenError(error, port.setting, port.value);
  }
  return {
    port: (app.server.address() as { port: number }).port,
    async close() {
      await subscriptions.close();
      await server.stop();
      await app.close();
    },
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the gateway's statement names; set before a handler of /graphql runs. */
    actor: RequestActor;
    /** The bytes of the body, which signatures cover. */
    rawBody: Buffer;
  }
}

/** An HTTP server that keeps the bytes of JSON bodies, and refuses keys that could reach a prototype. */
function createHttpServer(subgraph: Subgraph): FastifyInstance {
  const app = Fastify({
    loggerInstance: subgraph.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: REQUEST_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // The same for Node itself: what Fastify sets on the server afterwards does not bound the body.
    http: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    // Longer than the gateway keeps an idle connection, so that it never writes to one being closed.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
  });
  answerHttpErrors(app, subgraph.log);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body as Buffer;
    void parseJson(request, body.toString(), done);
  });
  return app;
}

const authenticate = (request: FastifyRequest, key: SigningKey, subgraph: string): Promise<RequestActor> => {
  const statement = request.headers[STATEMENT_HEADER];
  return verifyStatement(
    key,
    subgraph,
    typeof statement === 'string' ? statement : undefined,
    request.rawBody ?? '',
  );
};

async function startApollo<Context extends RequestContext>(
  schema: GraphQLSchema,
  app: FastifyInstance,
  subgraph: Subgraph,
): Promise<ApolloServer<Context>> {
  const server = new ApolloServer<Context>({
    schema,
    introspection: false,
    csrfPrevention: false, // no browser can sign as the gateway
    persistedQueries: false,
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) => formatError(error as GraphQLError, subgraph.log),
    plugins: [...QUIET_PLUGINS, fastifyApolloDrainPlugin(app)],
  });
  await server.start();
  return server;
}
