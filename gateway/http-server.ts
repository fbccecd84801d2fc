import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import { REQUEST_ID_HEADER } from '../platform/graphql/request-id.ts';
import type { RequestActor } from '../platform/identity/actor.ts';
import { hasMoreValues } from '../platform/input/json-size.ts';
import type { Logger } from '../platform/process/log.ts';
import type { Admission } from './admission.ts';
import type { GatewayContext } from './context.ts';
import { REQUEST_VALUES_MAX } from './limits.ts';
import type { Authenticate } from './sign-in.ts';

/** Returns each request's id to the client as `x-request-id`. */
export function serveRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header(REQUEST_ID_HEADER, request.id);
  });
}

export interface HttpGraphqlOptions {
  app: FastifyInstance;
  server: ApolloServer<GatewayContext>;
  authenticate: Authenticate;
  admission: Admission;
}

/** Serves queries and mutations at GET and POST /graphql. */
export function serveHttpGraphql({ app, server, authenticate, admission }: HttpGraphqlOptions): void {
  const actors = new WeakMap<object, RequestActor>();
  boundJson(app);
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read and parsed: strangers cost no more than their headers.
    onRequest: async (request, reply) => {
      const { actor } = await authenticate(request.headers.authorization);
      actors.set(request, actor);
      const leave = await admission.enter(actor);
      if (reply.raw.closed)
        leave(); // the client has gone while it waited
      else reply.raw.once('close', leave);
    },
    handler: fastifyApolloHandler(server, {
      context: async (request) => ({
        actor: actors.get(request)!,
        address: request.ip,
        requestId: request.id,
        log: request.log as Logger,
      }),
    }),
    onResponse: async ({ method, log }, { statusCode, elapsedTime }) =>
      log.info({ method, status: statusCode, ms: Math.round(elapsedTime) }, 'request.answered'),
  });
}

/** Refuses bodies with too many values before they are parsed. */
function boundJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (!hasMoreValues(body, REQUEST_VALUES_MAX)) return parse(request, body, done);
    done(Object.assign(new Error(TOO_MANY_VALUES), { statusCode: 400 }));
  });
}

const TOO_MANY_VALUES = `The request holds more than ${REQUEST_VALUES_MAX} values. Send fewer in its variables.`;
