import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from './authentication.ts';

export interface OriginOptions {
  allowed: readonly string[];
  /** Development has no password, so that only web pages of this machine may send requests. */
  isDevelopment: boolean;
}

export type IsOriginAllowed = (request: Pick<IncomingMessage, 'headers'>) => boolean;

/**
 * Creates the check whether the web page that sends a request may do so.
 *
 * Allowed are requests without an `Origin` header, pages of the gateway's own origin, the origins in `allowed`, and in
 * development the pages of this machine on any port. In development the `Host` header must name this machine too: a
 * domain of an attacker that resolves to 127.0.0.1 (DNS rebinding) would otherwise have the gateway's own origin.
 */
export function createOriginCheck({ allowed, isDevelopment }: OriginOptions): IsOriginAllowed {
  return ({ headers: { origin, host } }) => {
    if (isDevelopment && !isLoopback((host ?? '').replace(/:\d+$/, ''))) return false;
    if (!origin || allowed.includes(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const page = new URL(origin);
    return page.host === host || (isDevelopment && isLoopback(page.hostname));
  };
}

const PREFLIGHT_SECONDS = 600;

/** Answers the preflight requests of browsers (CORS), and refuses requests of pages that are not allowed. */
export function serveOrigins(app: FastifyInstance, isAllowed: IsOriginAllowed): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (!isAllowed(request.raw)) {
      const message = 'Web pages of this origin may not send requests; see ALLOWED_ORIGINS.';
      return reply.status(403).send({ errors: [{ message, extensions: { code: 'FORBIDDEN' } }] });
    }
    if (!origin) return undefined;
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-request-id',
      vary: 'Origin',
    });
    if (request.method !== 'OPTIONS') return undefined;
    return reply
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type, x-request-id, apollo-require-preflight',
        'access-control-max-age': PREFLIGHT_SECONDS,
      })
      .status(204)
      .send();
  });
  app.options('/graphql', async (_request, reply) => reply.status(204).send());
}
