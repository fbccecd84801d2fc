import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../input/errors.ts';

/**
 * Answers failures outside GraphQL in the shape of a GraphQL response.
 *
 * The client's own mistakes (too large, not JSON, not signed) keep their status and message. Every other error is
 * logged with its stack, and leaves as INTERNAL with an `errorId` that finds the record.
 */
export function answerHttpErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, { log }, reply) => {
    const status = error instanceof DomainError ? statusOf(error) : (error.statusCode ?? 500);
    if (status < 500 || error instanceof DomainError) {
      const code = error instanceof DomainError ? error.code : 'BAD_REQUEST';
      const message = MESSAGES[status] ?? error.message;
      return reply.status(status).send({ errors: [{ message, extensions: { code } }] });
    }
    const errorId = randomUUID();
    log.error({ err: error, errorId }, 'request.failed');
    const failure = { message: 'Internal error', extensions: { code: 'INTERNAL', errorId } };
    return reply.status(status).send({ errors: [failure] });
  });
}

/** Replaces messages of Fastify that do not say what to do. */
const MESSAGES: Readonly<Record<number, string>> = {
  413: 'The request is larger than is taken here; docs/errors.md names the limits',
  415: 'Send JSON, with the header `content-type: application/json`',
};

/** Only sign-in throws DomainErrors outside GraphQL: the credentials are invalid, or cannot be checked now. */
const statusOf = ({ code }: DomainError): number => (code === 'UNAVAILABLE' ? 503 : 401);
