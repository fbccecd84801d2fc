import { serveHealth } from '../platform/graphql/health.ts';
import { createLog } from '../platform/process/log.ts';
import { explainListenError, type RunningService } from '../platform/process/service.ts';
import { startApollo } from './apollo.ts';
import { createAuthentication } from './authentication.ts';
import { serveCallback } from './callback.ts';
import type { GatewayConfig } from './config.ts';
import { serveExplorer } from './explorer.ts';
import { createHttpServer, serveHttpGraphql } from './http-server.ts';
import { limitDocument } from './limits.ts';
import { createOriginCheck, serveOrigins } from './origins.ts';
import { serveSockets } from './socket-server.ts';
import { connectSubgraphs } from './subgraphs.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';

/**
 * Starts the gateway: one port for queries and mutations over HTTP, everything over WebSocket, and OpenClaw's callback.
 *
 * It starts without its subgraphs, and answers UNAVAILABLE for what is theirs until they are there.
 * Throws StartError when the port is taken, or when nobody would be asked who they are on a public address.
 */
export async function startGateway(config: GatewayConfig): Promise<RunningService & { port: number }> {
  const log = createLog('gateway', config.LOG_LEVEL);
  const isDevelopment = config.SIGN_IN === 'development';
  const introspection = isDevelopment || config.INTROSPECTION;
  const authenticate = createAuthentication(config);
  const subgraphs = connectSubgraphs(config, log);
  const { server, graph } = await startApollo({ subgraphs, isDevelopment, introspection, log });
  const subscriptions = createSubscriptions({
    ...subscriptionBounds(config),
    graph,
    rules: [limitDocument],
    hideSuggestions: !introspection,
    dataSources: subgraphs.dataSources,
    upstream: (subgraph) => subgraphs.upstream(subgraph),
    log,
  });
  const isAllowed = createOriginCheck({ allowed: config.ALLOWED_ORIGINS, isDevelopment });

  const app = createHttpServer(config.REQUEST_TIMEOUT_SECONDS, log);
  serveOrigins(app, isAllowed);
  serveHttpGraphql({ app, server, authenticate, log });
  const sockets = serveSockets({
    ...{ app, server, subscriptions, authenticate, isAllowed, log },
    schema: graph.apiSchema,
    operationsMax: config.SUBSCRIPTIONS_PER_SOCKET_MAX,
  });
  serveCallback(app, subgraphs.connection('agents'), log);
  // The supergraph is loaded by now. No subgraph is asked: one that is down must not take the others with it.
  serveHealth(app, async () => true);
  if (isDevelopment) serveExplorer(app);
  try {
    await app.listen({ host: config.HOST, port: config.GATEWAY_PORT });
  } catch (error) {
    throw explainListenError(error, 'GATEWAY_PORT', config.GATEWAY_PORT);
  }
  return {
    log,
    port: (app.server.address() as { port: number }).port,
    shutdownSeconds: config.SHUTDOWN_SECONDS,
    async close() {
      await sockets.close();
      await app.close();
      await server.stop();
      await subgraphs.close();
    },
  };
}

const subscriptionBounds = (config: GatewayConfig) => ({
  startMs: config.SUBGRAPH_TIMEOUT_SECONDS * 1000,
  resumeMs: config.SUBSCRIPTION_RESUME_SECONDS * 1000,
  queueMax: config.SUBSCRIPTION_QUEUE_MAX,
  stallMs: config.SUBSCRIPTION_STALL_SECONDS * 1000,
  hydrationMs: config.HYDRATION_SECONDS * 1000,
  hydrationsMax: config.HYDRATIONS_MAX,
});
