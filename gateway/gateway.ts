import { readFileSync } from 'node:fs';
import type { ApolloServer } from '@apollo/server';
import { serveHealth } from '../platform/graphql/health.ts';
import { createHttpServer, listen } from '../platform/graphql/http-server.ts';
import { createLog, type Logger } from '../platform/process/log.ts';
import type { RunningService } from '../platform/process/service.ts';
import { createAdmission } from './admission.ts';
import { startApollo } from './apollo.ts';
import { createAuthentication } from './authentication.ts';
import { serveCallback } from './callback.ts';
import type { GatewayConfig } from './config.ts';
import type { GatewayContext } from './context.ts';
import { createDocuments, type Documents } from './documents.ts';
import { serveExplorer } from './explorer.ts';
import { readGraph } from './graph.ts';
import { serveHttpGraphql, serveRequestIds } from './http-server.ts';
import { REQUEST_BYTES_MAX } from './limits.ts';
import { createOperations } from './operations.ts';
import { createOriginCheck, serveOrigins } from './origins.ts';
import { createQueries, type Queries } from './queries.ts';
import type { Authenticate } from './sign-in.ts';
import { serveSockets } from './socket-server.ts';
import { connectSubgraphs, type Subgraphs } from './subgraphs.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions/subscriptions.ts';
import { createWorkBudget, WORK_BUDGET } from './work-budget.ts';

/** The committed result of `npm run compose`, which composes it from the subgraphs' SDL. */
const SUPERGRAPH = new URL('../schema/supergraph.graphql', import.meta.url);

/**
 * Starts the gateway on one port: queries and mutations over HTTP, all operations over WebSocket, and OpenClaw's callback.
 *
 * It starts without its subgraphs, and answers UNAVAILABLE for the fields of a subgraph that is not there. It is ready as
 * long as `isReady` says so, whatever its subgraphs do: with one of them down the others can still be used.
 * Throws StartError when the port is taken, or when development sign-in would be open to other machines.
 */
export async function startGateway(
  config: GatewayConfig,
  isReady: () => Promise<boolean> = async () => true,
): Promise<RunningService & { port: number }> {
  const log = createLog('gateway', config.LOG_LEVEL);
  const authenticate = createAuthentication(config, log);
  const isDevelopment = config.SIGN_IN === 'development';
  const introspection = isDevelopment || config.INTROSPECTION;
  const subgraphs = connectSubgraphs(config, log);
  const { dataSources } = subgraphs;
  const graph = readGraph(readFileSync(SUPERGRAPH, 'utf8'));
  const budget = createWorkBudget(WORK_BUDGET);
  const documents = createDocuments({ schema: graph.apiSchema, hideSchema: !introspection, budget });
  const operations = createOperations({ graph, budget });
  const queries = createQueries({ graph, operations, dataSources });
  const subscriptions = createSubscriptions({
    ...{ ...subscriptionBounds(config), graph, operations, dataSources },
    upstream: (subgraph) => subgraphs.upstream(subgraph),
  });
  const server = await startApollo({ schema: graph.apiSchema, documents, queries, isDevelopment, log });
  const { app, sockets } = createServers(config, {
    ...{ log, isReady, authenticate, subgraphs, server, documents, queries, subscriptions },
  });
  return {
    log,
    port: await listen(app, config.HOST, { setting: 'GATEWAY_PORT', value: config.GATEWAY_PORT }),
    shutdownSeconds: config.SHUTDOWN_SECONDS,
    async close() {
      await Promise.all([app.close(), sockets.close()]); // together: nothing new comes in while sockets close
      await server.stop();
      await subgraphs.close();
    },
  };
}

interface Parts {
  log: Logger;
  isReady: () => Promise<boolean>;
  authenticate: Authenticate;
  subgraphs: Subgraphs;
  server: ApolloServer<GatewayContext>;
  documents: Documents;
  queries: Queries;
  subscriptions: Subscriptions;
}

/** Creates the HTTP server with all addresses of the gateway, and the WebSocket server on it. */
function createServers(
  config: GatewayConfig,
  { log, isReady, authenticate, subgraphs, server, documents, queries, subscriptions }: Parts,
) {
  const isDevelopment = config.SIGN_IN === 'development';
  const checkOrigin = createOriginCheck({ allowed: config.ALLOWED_ORIGINS, isDevelopment });
  const app = createHttpServer({
    log,
    bodyBytesMax: REQUEST_BYTES_MAX,
    requestTimeoutMs: config.REQUEST_TIMEOUT_SECONDS * 1000,
  });
  serveRequestIds(app);
  serveOrigins(app, checkOrigin);
  const admission = createAdmission({
    operationsMax: config.OPERATIONS_MAX,
    waitMsMax: config.OPERATION_WAIT_SECONDS * 1000,
  });
  serveHttpGraphql({ app, server, authenticate, admission });
  const sockets = serveSockets({
    ...{ app, documents, queries, subscriptions, authenticate, admission, checkOrigin, log },
    operationsMax: config.SUBSCRIPTIONS_PER_SOCKET_MAX,
    socketsMax: config.SOCKETS_MAX,
    unreadBytesMax: config.SOCKETS_UNREAD_BYTES_MAX,
  });
  serveCallback(app, subgraphs.connection('agents'));
  serveHealth(app, isReady);
  if (isDevelopment) serveExplorer(app);
  return { app, sockets };
}

const subscriptionBounds = (config: GatewayConfig) => ({
  startMs: config.SUBGRAPH_TIMEOUT_SECONDS * 1000,
  resumeMs: config.SUBSCRIPTION_RESUME_SECONDS * 1000,
  queueMax: config.SUBSCRIPTION_QUEUE_MAX,
  stallMs: config.SUBSCRIPTION_STALL_SECONDS * 1000,
  hydrationMs: config.HYDRATION_SECONDS * 1000,
  hydrationsMax: config.HYDRATIONS_MAX,
});
