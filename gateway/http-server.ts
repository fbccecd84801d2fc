import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { answerHttpErrors } from '../platform/graphql/http-error.ts';
import type { Viewer } from '../platform/identity/statement.ts';
import type { Logger } from '../platform/process/log.ts';
import type { Authenticate } from './authentication.ts';
import type { GatewayContext } from './context.ts';
import { NESTS_TOO_DEEP, nestsTooDeep, REQUEST_BYTES_MAX } from './limits.ts';

/** How often Node looks for requests that take too long; by default it would be every 30 s. */
const SLOW_REQUEST_SWEEP_MS = 1_000;

/** Makes the HTTP server that clients meet: bounded requests, each with an id that goes back in `x-request-id`. */
export function createHttpServer(requestTimeoutSeconds: number, log: Logger): FastifyInstance {
  const requestTimeout = requestTimeoutSeconds * 1000;
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: REQUEST_BYTES_MAX,
    requestTimeout,
    // The same for Node itself: what Fastify sets on the server afterwards does not bound the body.
    http: {
      requestTimeout,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval: SLOW_REQUEST_SWEEP_MS,
    },
    // Longer than load balancers keep an idle connection, so that they never write to one being closed.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
  });
  answerHttpErrors(app, log);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  return app;
}

const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/;

/** The client's own id if it is fit for headers and logs, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

export interface HttpGraphqlOptions {
  app: FastifyInstance;
  server: ApolloServer<GatewayContext>;
  authenticate: Authenticate;
  log: Logger;
}

/** Serves queries and mutations at GET and POST /graphql. */
export function serveHttpGraphql({ app, server, authenticate, log }: HttpGraphqlOptions): void {
  const viewers = new WeakMap<object, Viewer>();
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    preHandler: async (request) => {
      if (nestsTooDeep(sourceOf(request)))
        throw Object.assign(new Error(NESTS_TOO_DEEP), { statusCode: 400 });
      viewers.set(request, (await authenticate(request.headers.authorization)).viewer);
    },
    handler: fastifyApolloHandler(server, {
      context: async (request) => ({ viewer: viewers.get(request)!, requestId: request.id }),
    }),
    onResponse: async ({ id, method }, { statusCode, elapsedTime }) =>
      log.info(
        { requestId: id, method, status: statusCode, ms: Math.round(elapsedTime) },
        'request.answered',
      ),
  });
}

/** The document of a request, wherever it is; empty when there is none. */
function sourceOf({ body, query }: FastifyRequest): string {
  const source = ((body ?? query) as { query?: unknown } | undefined)?.query;
  return typeof source === 'string' ? source : '';
}
