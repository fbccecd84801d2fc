import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { isDatabaseAway } from '../database/database.ts';
import { DomainError } from '../input/errors.ts';

/** PostgreSQL's codes for text that it cannot take: a client asked for something that cannot be there. */
const UNSTORABLE = new Set(['22021', '22P05']);

/**
 * The boundary of a service: expected errors pass with their code, the client's own mistakes
 * (syntax, validation) pass as they are, and everything else is logged whole and leaves as
 * INTERNAL with an id that finds it in the log.
 */
export function formatError(error: GraphQLError, log: Logger): GraphQLFormattedError {
  const cause = rootCause(error);
  const { message, locations, path } = error.toJSON();
  const where = { ...(locations && { locations }), ...(path && { path }) };
  if (cause instanceof DomainError) {
    return {
      message: cause.message,
      ...where,
      extensions: { code: cause.code, ...(cause.field && { field: cause.field }) },
    };
  }
  if (isDatabaseAway(cause)) {
    log.warn({ err: cause, path }, 'database.away');
    const message = 'The database cannot be reached now; try again later';
    return { message, ...where, extensions: { code: 'UNAVAILABLE' } };
  }
  if (UNSTORABLE.has((cause as { code?: string }).code ?? '')) {
    const message = 'An argument holds characters that cannot be stored (NUL or broken Unicode)';
    return { message, ...where, extensions: { code: 'INVALID' } };
  }
  if (cause instanceof GraphQLError) {
    // With a path it arose while resolving, as from a value that does not fit its type: a fault of ours.
    const byDefault = path ? 'INTERNAL_SERVER_ERROR' : 'GRAPHQL_VALIDATION_FAILED';
    const code = error.extensions['code'] ?? cause.extensions['code'] ?? byDefault;
    if (code !== 'INTERNAL_SERVER_ERROR') return { message, ...where, extensions: { code } };
  }
  const errorId = randomUUID();
  log.error({ err: cause, errorId, path }, 'request.failed');
  return { message: 'Internal error', ...where, extensions: { code: 'INTERNAL', errorId } };
}

/** GraphQL wraps what a resolver throws, sometimes twice. */
function rootCause(error: Error): Error {
  const original = error instanceof GraphQLError ? error.originalError : undefined;
  return original ? rootCause(original) : error;
}
