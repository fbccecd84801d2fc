import { serveHealth } from '../platform/health.ts';
import { signingKey } from '../platform/identity.ts';
import { createLog, type Logger } from '../platform/log.ts';
import { explainListenError, type RunningService } from '../platform/service.ts';
import { startApollo } from './apollo.ts';
import { createAuthentication } from './authentication.ts';
import { serveCallback } from './callback.ts';
import { type GatewayConfig, roomUrls } from './config.ts';
import { serveExplorer } from './explorer.ts';
import { createHttpServer, serveHttpGraphql } from './http-server.ts';
import { limitDocument } from './limits.ts';
import { createOriginCheck, serveOrigins } from './origins.ts';
import { serveSockets } from './socket-server.ts';
import { connectRoom } from './subgraph-request.ts';
import type { Graph } from './subscriptions/plan.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';
import { connectUpstream } from './subscriptions/upstream.ts';

/**
 * Starts the gateway: one port for queries and mutations over HTTP, everything over WebSocket, and OpenClaw's callback.
 *
 * It starts without its rooms, and answers UNAVAILABLE for what is theirs until they are there.
 * Throws StartError when the port is taken, or when nobody would be asked who they are on a public address.
 */
export async function startGateway(config: GatewayConfig): Promise<RunningService & { port: number }> {
  const log = createLog('gateway', config.LOG_LEVEL);
  const isDevelopment = config.SIGN_IN === 'development';
  const introspection = isDevelopment || config.INTROSPECTION;
  const authenticate = createAuthentication(config);
  const rooms = connectRooms(config, log);
  const { server, graph } = await startApollo({
    rooms: rooms.connections,
    isDevelopment,
    introspection,
    log,
  });
  const subscriptions = createSubscriptions({
    ...subscriptionOptions(config, graph, !introspection),
    dataSources: rooms.dataSources,
    upstream: (room) => rooms.upstreams.get(room)!,
    log,
  });
  const isAllowed = createOriginCheck({ allowed: config.ALLOWED_ORIGINS, isDevelopment });

  const app = createHttpServer(config.REQUEST_TIMEOUT_SECONDS, log);
  serveOrigins(app, isAllowed);
  serveHttpGraphql({ app, server, authenticate, log });
  const sockets = serveSockets({
    app,
    schema: graph.apiSchema,
    server,
    subscriptions,
    authenticate,
    isAllowed,
    operationsMax: config.SUBSCRIPTIONS_PER_SOCKET_MAX,
    log,
  });
  serveCallback(app, rooms.connections.get('agents')!, log);
  // The supergraph is loaded by now. No room is asked: one that is down must not take the others with it.
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
      await rooms.close();
    },
  };
}

/** Time between pings to a room: a room that hangs is noticed within this and the time it may take to answer. */
const UPSTREAM_PING_MS = 10_000;

function connectRooms(config: GatewayConfig, log: Logger) {
  const key = signingKey(config.GATEWAY_SIGNING_KEY);
  const timeoutMs = config.SUBGRAPH_TIMEOUT_SECONDS * 1000;
  const bytesMax = config.SUBGRAPH_RESPONSE_BYTES_MAX;
  const addresses = Object.entries(roomUrls(config));
  const connections = addresses.map(([name, url]) =>
    connectRoom({
      name,
      url,
      key,
      timeoutMs,
      connectionsMax: config.SUBGRAPH_CONNECTIONS_MAX,
      responseBytesMax: bytesMax,
      log,
    }),
  );
  const upstreams = addresses.map(([room, url]) => ({
    room,
    upstream: connectUpstream({
      room,
      url,
      key,
      timeoutMs,
      pingMs: UPSTREAM_PING_MS,
      eventBytesMax: bytesMax,
      log,
    }),
  }));
  return {
    connections: new Map(connections.map((connection) => [connection.name, connection])),
    dataSources: new Map(connections.map(({ name, dataSource }) => [name, dataSource])),
    upstreams: new Map(upstreams.map(({ room, upstream }) => [room, upstream])),
    async close() {
      await Promise.all([
        ...upstreams.map(({ upstream }) => upstream.close()),
        ...connections.map((each) => each.close()),
      ]);
    },
  };
}

const subscriptionOptions = (config: GatewayConfig, graph: Graph, hideSuggestions: boolean) => ({
  graph,
  hideSuggestions,
  rules: [limitDocument],
  startMs: config.SUBGRAPH_TIMEOUT_SECONDS * 1000,
  resumeMs: config.SUBSCRIPTION_RESUME_SECONDS * 1000,
  queueMax: config.SUBSCRIPTION_QUEUE_MAX,
  stallMs: config.SUBSCRIPTION_STALL_SECONDS * 1000,
  hydrationMs: config.HYDRATION_SECONDS * 1000,
  hydrationsMax: config.HYDRATIONS_MAX,
});
