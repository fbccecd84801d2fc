import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { transact } from '../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { readReport } from '../openclaw/report.ts';
import { receiveCallback } from '../operations/attempt/receive-callback.ts';

/** An answer of an agent may be long; beyond this the plugin cuts it. */
export const CALLBACK_BYTES_MAX = 2_000_000;

/**
 * Serves POST /agents/callback, by which OpenClaw's plugin reports how a run ended.
 *
 * 200 for applied, duplicate and late reports; 401 for everything that is not signed by one of the `secrets`
 * (https://www.standardwebhooks.com), which says nothing of what exists; 404 for a session that no run has;
 * 413 and 422 for a body that is too large or is not a report; 503 while the database is away, to be sent again.
 */
export function serveCallback(app: FastifyInstance, subgraph: Subgraph, secrets: readonly string[]): void {
  const webhooks = secrets.map((secret) => new Webhook(secret));
  void app.register((scope, _options, done) => {
    // The signature covers the bytes: nothing reads them before it is checked.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/agents/callback', { bodyLimit: CALLBACK_BYTES_MAX }, async ({ body, headers }, reply) => {
      if (!Buffer.isBuffer(body) || !isSigned(webhooks, body, headers)) {
        return refuse(reply, 401, 'The signature is missing, wrong or too old');
      }
      try {
        return await store(subgraph, String(headers['webhook-id']), body);
      } catch (error) {
        if (error instanceof DomainError)
          return refuse(reply, error.code === 'NOT_FOUND' ? 404 : 422, error.message);
        subgraph.log.error({ err: error }, 'callback.failed');
        return refuse(
          reply.header('retry-after', '5'),
          503,
          'The report cannot be stored now; send it again',
        );
      }
    });
    done();
  });
}

async function store(subgraph: Subgraph, messageId: string, body: Buffer) {
  const report = readReport(body.toString());
  const status = await transact(
    { em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'openclaw' },
    (tx) => receiveCallback(tx, messageId, report),
  );
  subgraph.log.info({ sessionKey: report.sessionKey, status }, 'callback.received');
  return { status };
}

/** Either secret may have signed: while one replaces the other both are in use. */
const isSigned = (webhooks: readonly Webhook[], body: Buffer, headers: IncomingHttpHeaders): boolean =>
  webhooks.some((webhook) => {
    try {
      webhook.verify(body, headers as Record<string, string>, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });

const refuse = (reply: FastifyReply, status: number, error: string) => reply.status(status).send({ error });
