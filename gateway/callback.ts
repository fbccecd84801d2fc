import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { REQUEST_ID_HEADER } from '../platform/graphql/request-id.ts';
import { readWebhookHeaders } from '../platform/identity/webhook.ts';
import type { SubgraphConnection, SubgraphResponse } from './subgraph-request.ts';

/** The limit of the agents subgraph. A larger body is refused before it is read. */
const CALLBACK_BYTES_MAX = 2_000_000;

const REQUEST_HEADERS = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
const RESPONSE_HEADERS = ['content-type', 'retry-after'];

/**
 * Serves POST /agents/callback, where OpenClaw reports: forwards the bytes and their signature to the agents subgraph,
 * and returns its answer. Only the subgraph has the secret, so the gateway checks no more than whether the headers could be
 * those of a signed report: without them it answers 401, and reads no body.
 *
 * Answers 503 with Retry-After while the subgraph cannot be reached. OpenClaw's plugin then sends the report again.
 */
export function serveCallback(app: FastifyInstance, agents: SubgraphConnection): void {
  void app.register((scope, _options, done) => {
    // The signature covers the bytes of the body, so they must be forwarded unchanged.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.addHook('onRequest', async ({ headers }, reply) =>
      readWebhookHeaders(headers) ? undefined : reply.status(401).send(NOT_SIGNED),
    );
    scope.post(
      '/agents/callback',
      { bodyLimit: CALLBACK_BYTES_MAX },
      async ({ body, headers, id, log }, reply) => {
        const answer = await forward(agents, body as Buffer | null, headers, id).catch((err: unknown) => {
          log.warn({ err }, 'callback.not-forwarded');
          return NOT_NOW;
        });
        if (answer !== NOT_NOW) log.info({ status: answer.status }, 'callback.forwarded');
        return reply.status(answer.status).headers(pick(answer.headers, RESPONSE_HEADERS)).send(answer.body);
      },
    );
    done();
  });
}

const NOT_SIGNED = { error: 'The signature is missing, malformed or too old' };

const NOT_NOW: SubgraphResponse = {
  status: 503,
  headers: { 'content-type': 'application/json', 'retry-after': '5' },
  body: Buffer.from(JSON.stringify({ error: 'The agents subgraph cannot be reached now; send it again' })),
};

const forward = (
  agents: SubgraphConnection,
  body: Buffer | null,
  headers: IncomingHttpHeaders,
  requestId: string,
) =>
  agents.send({
    path: '/agents/callback',
    headers: { ...pick(headers, REQUEST_HEADERS), [REQUEST_ID_HEADER]: requestId },
    body: body ?? '',
  });

function pick(headers: Readonly<Record<string, string | string[] | undefined>>, names: readonly string[]) {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
