import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { type DatabaseTrouble, databaseTrouble, isUnstorableText } from '../database/failures.ts';
import { DomainError } from '../input/errors.ts';
import type { Logger } from '../process/log.ts';

/**
 * Turns an error into what may leave the service.
 *
 * Expected failures pass with their code. The client's own mistakes (syntax, validation) pass unchanged. Every other
 * error is written to `log` with its stack, and leaves as INTERNAL with an `errorId` that finds the record.
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
  const trouble = databaseTrouble(cause);
  if (trouble) {
    log.warn({ err: cause, path }, `database.${trouble}`);
    return { message: TROUBLE_MESSAGES[trouble], ...where, extensions: { code: 'UNAVAILABLE' } };
  }
  if (isUnstorableText(cause)) {
    const message = 'An argument holds characters that cannot be stored (NUL or broken Unicode)';
    return { message, ...where, extensions: { code: 'INVALID' } };
  }
  if (cause instanceof GraphQLError) {
    // An error with a path arose while resolving, for instance from a value of the wrong type: a fault of the service.
    const byDefault = path ? 'INTERNAL_SERVER_ERROR' : 'GRAPHQL_VALIDATION_FAILED';
    const code = error.extensions['code'] ?? cause.extensions['code'] ?? byDefault;
    if (code !== 'INTERNAL_SERVER_ERROR') return { message, ...where, extensions: { code } };
  }
  const errorId = randomUUID();
  log.error({ err: cause, errorId, path }, 'request.failed');
  return { message: 'Internal error', ...where, extensions: { code: 'INTERNAL', errorId } };
}

const TROUBLE_MESSAGES: Readonly<Record<DatabaseTrouble, string>> = {
  away: 'The database cannot be reached now. Try again later.',
  crowded: 'The database has too much work now. Try again in a few seconds.',
  full: 'The database has no space left, so nothing can be written now. An operator must free space on its disk.',
  busy: 'The database did not finish in time, because others change the same objects. Try again.',
};

/** GraphQL wraps what a resolver throws, sometimes twice. */
function rootCause(error: Error): Error {
  const original = error instanceof GraphQLError ? error.originalError : undefined;
  return original ? rootCause(original) : error;
}
