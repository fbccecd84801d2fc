import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { systemPart } from '../../../platform/identity/actor.ts';
import { readWebhookHeaders } from '../../../platform/identity/webhook.ts';
import { DomainError } from '../../../platform/input/errors.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { type RunReport, readReport } from '../openclaw/report.ts';
import { runIdOf } from '../openclaw/request.ts';
import type { Targets } from '../openclaw/targets.ts';
import { receiveCallback } from '../operations/attempt/receive-callback.ts';

/** The plugin cuts longer answers of agents. */
const CALLBACK_BYTES_MAX = 2_000_000;
const RETRY_AFTER_SECONDS = 5;

/**
 * Serves POST /agents/callback, by which OpenClaw's plugin reports how a run ended.
 *
 * Answers 200 for applied, duplicate and late reports; 401 for a request that no target signed
 * (https://www.standardwebhooks.com), whether its session exists or not; 404 for a session that no run has in the target
 * that signed; 413 for a body that is too large; 422 for one that is not a report; and 503 for a report that is to be sent again later.
 */
export function serveCallback(
  app: FastifyInstance,
  subgraph: Subgraph,
  targets: Pick<Targets, 'signerOf'>,
): void {
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
      const target = Buffer.isBuffer(body) ? signerOf(targets, request, body) : null;
      if (!Buffer.isBuffer(body) || target === null) return refuse(reply, 401, NOT_SIGNED);
      return answer(request, reply, body, (messageId, report) =>
        subgraph.transact(systemPart('agents.callback'), (tx) =>
          receiveCallback(tx, { target, messageId, report }),
        ),
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

/** The target that signed the request; null when none did. */
function signerOf(targets: Pick<Targets, 'signerOf'>, { headers }: FastifyRequest, body: Buffer) {
  const claim = readWebhookHeaders(headers);
  return claim && targets.signerOf(claim, body);
}

const NOT_SIGNED = 'The signature is missing, wrong or too old';

const refuse = (reply: FastifyReply, status: number, error: string) => reply.status(status).send({ error });
