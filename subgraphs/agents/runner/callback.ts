import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { systemPart } from '../../../platform/identity/actor.ts';
import {
  isSignedBy,
  readWebhookHeaders,
  type WebhookSecret,
  webhookSecret,
} from '../../../platform/identity/webhook.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { type RunReport, readReport } from '../openclaw/report.ts';
import { runIdOf } from '../openclaw/request.ts';
import { receiveCallback } from '../operations/attempt/receive-callback.ts';

/** The plugin cuts longer answers of agents. */
const CALLBACK_BYTES_MAX = 2_000_000;
const RETRY_AFTER_SECONDS = 5;

/**
 * Serves POST /agents/callback, by which OpenClaw's plugin reports how a run ended.
 *
 * Answers 200 for applied, duplicate and late reports; 401 for a request that none of the `secrets` signed
 * (https://www.standardwebhooks.com), whether its session exists or not; 404 for a session that no run has; 413 for a
 * body that is too large; 422 for one that is not a report; and 503 for a report that is to be sent again later.
 */
export function serveCallback(app: FastifyInstance, subgraph: Subgraph, secrets: readonly string[]): void {
  const keys = secrets.map(webhookSecret);
  void app.register((scope, _options, done) => {
    // The signature covers the bytes, so nothing parses them before it is checked.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    // Nobody needs a secret to send two megabytes, so they are read only under headers that could be right.
    scope.addHook('onRequest', async ({ headers }, reply) =>
      readWebhookHeaders(headers) ? undefined : refuse(reply, 401, NOT_SIGNED),
    );
    scope.post('/agents/callback', { bodyLimit: CALLBACK_BYTES_MAX }, async (request, reply) => {
      const { body } = request;
      if (!Buffer.isBuffer(body) || !isSigned(keys, request, body)) return refuse(reply, 401, NOT_SIGNED);
      return answer(request, reply, body, (messageId, report) =>
        subgraph.transact(systemPart('agents.callback'), (tx) => receiveCallback(tx, messageId, report)),
      );
    });
    done();
  });
}

type Receive = (messageId: string, report: RunReport) => ReturnType<typeof receiveCallback>;

async function answer({ headers, log }: FastifyRequest, reply: FastifyReply, body: Buffer, receive: Receive) {
  let report: RunReport | undefined;
  try {
    report = readReport(body.toString());
    const { outcome, runId, attempt } = await receive(String(headers['webhook-id']), report);
    log.info({ runId, attempt, outcome }, 'callback.received');
    return { status: outcome };
  } catch (err) {
    if (err instanceof DomainError) return refuse(reply, err.code === 'NOT_FOUND' ? 404 : 422, err.message);
    log.error({ err, runId: report && runIdOf(report.sessionKey) }, 'callback.failed');
    reply.header('retry-after', String(RETRY_AFTER_SECONDS));
    return refuse(reply, 503, 'The report cannot be stored now; send it again');
  }
}

/** Whether one of the secrets signed the request. There are two while one secret replaces the other. */
function isSigned(secrets: readonly WebhookSecret[], { headers }: FastifyRequest, body: Buffer): boolean {
  const claim = readWebhookHeaders(headers);
  return claim !== null && isSignedBy(secrets, claim, body);
}

const NOT_SIGNED = 'The signature is missing, wrong or too old';

const refuse = (reply: FastifyReply, status: number, error: string) => reply.status(status).send({ error });
