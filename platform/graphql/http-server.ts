import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from '../process/log.ts';
import { explainListenError } from '../process/service.ts';
import { readHostName } from './host.ts';
import {
  answerHttpErrors,
  describeClientError,
  MALFORMED_ADDRESS,
  MALFORMED_HOST,
  SECURITY_HEADERS,
  STOPPING,
  sendFailure,
  writeFailure,
} from './http-error.ts';
import { acceptRequestId, REQUEST_ID_HEADER } from './request-id.ts';
import { runWithRequestLog } from './request-log.ts';

export interface HttpServerOptions {
  log: Logger;
  bodyBytesMax: number;
  /** How long a client may take to send a request, its body included. */
  requestTimeoutMs: number;
}

/** How often Node looks for requests that take too long. Its default is 30 s. */
const SLOW_REQUEST_SWEEP_MS = 1_000;

/** Longer than the gateway and load balancers keep an idle connection, so that they never write to one being closed. */
const KEEP_ALIVE_MS = 75_000;

/**
 * Creates an HTTP server with bounded requests, which answers failures in the shape of GraphQL.
 *
 * `request.id` is the `x-request-id` of the request if it is a valid one, otherwise a new id. Every record of
 * `request.log` has it as `requestId`.
 */
export function createHttpServer({
  log,
  bodyBytesMax,
  requestTimeoutMs,
}: HttpServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers }) => acceptRequestId(headers[REQUEST_ID_HEADER]),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    // Node needs them at creation: what Fastify sets on the server afterwards does not bound the body.
    http: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: SLOW_REQUEST_SWEEP_MS,
      requireHostHeader: false, // Node would answer without a body; see `refuseAtTheDoor`
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // its answer would not be ours; see `refuseAtTheDoor`
    frameworkErrors: (_error, request, reply) => void sendFailure(request, reply, MALFORMED_ADDRESS),
    clientErrorHandler(error, socket) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET' || socket.destroyed) return;
      writeFailure(socket, describeClientError(error));
    },
  });
  refuseAtTheDoor(app);
  endUnfinishedRequests(app, requestTimeoutMs);
  answerHttpErrors(app);
  // After the body has been read: the events of the body would not keep the current request.
  app.addHook('preValidation', (request, _reply, done) => runWithRequestLog(request.log as Logger, done));
  return app;
}

/** Refuses requests while the server closes, except for `/livez`, and requests without one well-formed `Host`. */
function refuseAtTheDoor(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (isClosing && request.url !== '/livez') return sendFailure(request, reply, STOPPING);
    const { headersDistinct, httpVersion } = request.raw;
    const [host = httpVersion === '1.0' ? 'none' : '', ...more] = headersDistinct['host'] ?? [];
    const isMalformed = readHostName(host) === null || more.length > 0;
    return isMalformed ? sendFailure(request, reply, MALFORMED_HOST) : undefined;
  });
}

/** A closing server of Node bounds requests no longer, so one that is never sent to its end would keep it open for ever. */
function endUnfinishedRequests(app: FastifyInstance, afterMs: number): void {
  app.addHook('preClose', async () => {
    const timer = setTimeout(() => app.server.closeAllConnections(), afterMs);
    app.server.once('close', () => clearTimeout(timer));
  });
}

/** The port of a server: its number, and the name of the setting that holds it. */
export interface Port {
  readonly setting: string;
  readonly value: number;
}

/** Starts to listen and returns the number of the port. Throws StartError, with what to do, when that is impossible. */
export async function listen(app: FastifyInstance, host: string, { setting, value }: Port): Promise<number> {
  try {
    await app.listen({ host, port: value });
  } catch (error) {
    throw explainListenError(error, setting, value);
  }
  return (app.server.address() as { port: number }).port;
}

/**
 * Throws StartError, with what to do, for the first port on which this process could not listen. So a service with much to
 * do before it listens finds out at once.
 */
export async function requireFreePorts(host: string, ports: readonly Port[]): Promise<void> {
  const probes: Server[] = [];
  try {
    for (const { setting, value } of ports) {
      const probe = createServer().listen({ host, port: value, exclusive: true });
      probes.push(probe);
      await once(probe, 'listening').catch((error: unknown) => {
        throw explainListenError(error, setting, value);
      });
    }
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}
