import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../platform/process/log.ts';
import type { SubgraphConnection, SubgraphResponse } from './subgraph-request.ts';

/** What the agents subgraph takes. More is refused before it is read. */
const CALLBACK_BYTES_MAX = 2_000_000;

const PASSED_ON = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
const PASSED_BACK = ['content-type', 'retry-after'];

/**
 * Serves POST /agents/callback, OpenClaw's only way in: the bytes and the signature go to the agents subgraph, its
 * answer goes back. The gateway judges nothing, as it does not know the secret.
 *
 * 503 with Retry-After while the subgraph cannot be reached: whoever calls keeps the report and sends it again.
 */
export function serveCallback(app: FastifyInstance, agents: SubgraphConnection, log: Logger): void {
  void app.register((scope, _options, done) => {
    // The signature covers the bytes, so nothing may read them and write them anew.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.post(
      '/agents/callback',
      { bodyLimit: CALLBACK_BYTES_MAX },
      async ({ body, headers, id }, reply) => {
        const answer = await passOn(agents, body as Buffer | null, headers).catch((err: unknown) => {
          log.warn({ err, requestId: id }, 'callback.not-passed-on');
          return NOT_NOW;
        });
        if (answer !== NOT_NOW) log.info({ requestId: id, status: answer.status }, 'callback.passed-on');
        return reply.status(answer.status).headers(pick(answer.headers, PASSED_BACK)).send(answer.body);
      },
    );
    done();
  });
}

const NOT_NOW: SubgraphResponse = {
  status: 503,
  headers: { 'content-type': 'application/json', 'retry-after': '5' },
  body: Buffer.from(JSON.stringify({ error: 'The agents subgraph cannot be reached now; send it again' })),
};

const passOn = (agents: SubgraphConnection, body: Buffer | null, headers: IncomingHttpHeaders) =>
  agents.send({ path: '/agents/callback', headers: pick(headers, PASSED_ON), body: body ?? '' });

function pick(headers: Readonly<Record<string, string | string[] | undefined>>, names: readonly string[]) {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
