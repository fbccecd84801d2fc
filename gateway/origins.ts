import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isLoopback, readHostName } from '../platform/graphql/host.ts';
import { type HttpFailure, MALFORMED_HOST, sendFailure } from '../platform/graphql/http-error.ts';

export interface OriginOptions {
  allowed: readonly string[];
  /** Development has no password, so that only web pages of this machine may send requests. */
  isDevelopment: boolean;
}

/** Returns why a request may not be sent, or null. */
export type CheckOrigin = (request: Pick<IncomingMessage, 'headers'>) => HttpFailure | null;

/**
 * Creates the check whether the web page that sends a request may do so.
 *
 * Allowed are requests without an `Origin` header, pages of the gateway's own origin, the origins in `allowed`, and in
 * development the pages of this machine on any port. In development the `Host` header must name this machine too: a
 * domain of an attacker that resolves to 127.0.0.1 (DNS rebinding) would otherwise have the gateway's own origin.
 */
export function createOriginCheck({ allowed, isDevelopment }: OriginOptions): CheckOrigin {
  return ({ headers: { origin, host = '' } }) => {
    const name = readHostName(host);
    if (name === null && host !== '') return MALFORMED_HOST;
    if (isDevelopment && !isLoopback(name ?? '')) return FOREIGN;
    if (!origin || allowed.includes(origin)) return null;
    if (!URL.canParse(origin)) return FOREIGN;
    const page = new URL(origin);
    const isOwn = URL.parse(`${page.protocol}//${host}`)?.host === page.host;
    return isOwn || (isDevelopment && isLoopback(page.hostname)) ? null : FOREIGN;
  };
}

const FOREIGN: HttpFailure = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Web pages of this origin may not send requests; see ALLOWED_ORIGINS.',
};

const PREFLIGHT_SECONDS = 600;

/** Headers that clients of GraphQL and tracing send. A preflight gets those that it asks for besides. */
const REQUEST_HEADERS = [
  ...['accept', 'authorization', 'content-type', 'x-request-id'],
  ...[
    'apollo-require-preflight',
    'x-apollo-operation-name',
    'x-apollo-operation-id',
    'x-apollo-operation-type',
  ],
  ...[
    'apollographql-client-name',
    'apollographql-client-version',
    'apollo-client-name',
    'apollo-client-version',
  ],
  ...['x-graphql-client-name', 'x-graphql-client-version', 'graphql-client-name', 'graphql-client-version'],
  ...['traceparent', 'tracestate', 'baggage', 'sentry-trace', 'x-requested-with'],
];
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const HEADER_NAMES_MAX = 50;

/** The page is of an allowed origin, and no header of a client reaches a subgraph, so that any may be sent. */
function allowedHeaders(requested = ''): string {
  const names = requested.split(',').map((name) => name.trim().toLowerCase());
  const valid = names.filter((name) => HEADER_NAME.test(name)).slice(0, HEADER_NAMES_MAX);
  return [...new Set([...REQUEST_HEADERS, ...valid])].join(', ');
}

/** Answers the preflight requests of browsers (CORS), and refuses requests of pages that are not allowed. */
export function serveOrigins(app: FastifyInstance, checkOrigin: CheckOrigin): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    const failure = checkOrigin(request.raw);
    if (failure) return sendFailure(request, reply, failure);
    if (!origin) return undefined;
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-request-id, retry-after, www-authenticate, allow',
      vary: 'Origin',
    });
    if (request.method !== 'OPTIONS') return undefined;
    return reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': allowedHeaders(request.headers['access-control-request-headers']),
        'access-control-max-age': PREFLIGHT_SECONDS,
        vary: 'Origin, Access-Control-Request-Headers',
      })
      .status(204)
      .send();
  });
  app.options('/graphql', async (_request, reply) =>
    reply.status(204).header('allow', 'GET, POST, OPTIONS').send(),
  );
}
