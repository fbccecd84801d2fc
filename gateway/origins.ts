import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from './authentication.ts';

export interface OriginOptions {
  allowed: readonly string[];
  /** Without sign-in, only pages of this machine may ask. */
  isDevelopment: boolean;
}

export type IsOriginAllowed = (request: Pick<IncomingMessage, 'headers'>) => boolean;

/**
 * Whether a request may come from the page it comes from. What comes from no page, and from a page of the gateway
 * itself, may; other pages by the setting, and in development pages of this machine, whatever their port.
 *
 * In development the host must be this machine by name, too: a page of another name that resolves to this machine
 * would be of the same origin as the gateway, and read what nobody signed in for.
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

/** Answers browsers that ask for another origin's page (CORS), and refuses pages that may not ask. */
export function serveOrigins(app: FastifyInstance, isAllowed: IsOriginAllowed): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (!isAllowed(request.raw)) {
      const message = 'Pages of this origin may not ask here; see ALLOWED_ORIGINS.';
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
