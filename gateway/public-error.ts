import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { formatError } from '../platform/graphql/format-error.ts';
import type { Logger } from '../platform/process/log.ts';
import type { ErrorCode } from '../schema/errors.ts';

/** An error of the gateway's own, by a code of the table. */
export const publicError = (code: ErrorCode, message: string, extensions: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...extensions } });

/** The gateway's word for a subgraph that cannot be reached, hangs or says what it should not. */
export const unavailable = (serviceName: string, why: string): GraphQLError =>
  publicError('UNAVAILABLE', `The ${serviceName} subgraph ${why}. Try again later.`, { serviceName });

/**
 * What a client sees of an error.
 *
 * A subgraph's error passes with its code, its field and its error id: the subgraph has formatted it already, and the
 * gateway's executor marks it with the subgraph's name. The client's own mistakes pass; everything else is masked by
 * `formatError` of the platform, which logs it.
 */
export function formatPublicError(error: unknown, log: Logger): GraphQLFormattedError {
  const graphqlError =
    error instanceof GraphQLError
      ? error
      : new GraphQLError('Internal error', { originalError: error as Error });
  const { code, serviceName, field, errorId } = graphqlError.extensions;
  if (code === 'DOWNSTREAM_SERVICE_ERROR' || !isOurs(graphqlError)) return formatError(graphqlError, log);
  const { message, locations, path } = graphqlError.toJSON();
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: {
      code,
      ...(serviceName !== undefined && { serviceName }),
      ...(field !== undefined && { field }),
      ...(errorId !== undefined && { errorId }),
    },
  };
}

/** Said by a subgraph or by `publicError`, rather than thrown by some library. */
const isOurs = ({ extensions }: GraphQLError): boolean =>
  typeof extensions['serviceName'] === 'string' ||
  (typeof extensions['code'] === 'string' && extensions['code'] in OWN_CODES);

const OWN_CODES = { UNAUTHENTICATED: true, UNAVAILABLE: true, SLOW_CONSUMER: true, LIMIT_EXCEEDED: true };

interface Answer {
  data?: unknown;
  errors?: readonly GraphQLFormattedError[] | undefined;
  extensions?: Record<string, unknown> | undefined;
}

/**
 * Makes GraphQL errors of what the gateway's executor found missing.
 *
 * A subgraph that answers null for an entity, because it does not exist or may not be seen, leaves nothing where a field
 * must not be null. The executor nulls the parent as it should, but tells it only in `extensions.valueCompletion`,
 * where no client looks.
 */
export function reportMissing<Result extends Answer>(result: Result): Result {
  const { valueCompletion, ...extensions } = result.extensions ?? {};
  if (!Array.isArray(valueCompletion)) return result;
  const missing = (valueCompletion as GraphQLError[]).map(({ path }) => ({
    message: 'This does not exist, or you may not see it.',
    ...(path && { path }),
    extensions: { code: 'NOT_FOUND' },
  }));
  const { extensions: _found, ...rest } = result;
  return {
    ...(rest as Result),
    errors: [...(result.errors ?? []), ...missing],
    ...(Object.keys(extensions).length > 0 && { extensions }),
  };
}
