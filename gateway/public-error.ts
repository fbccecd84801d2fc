import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { formatError } from '../platform/graphql/format-error.ts';
import type { Logger } from '../platform/process/log.ts';
import type { ErrorCode } from '../schema/errors.ts';

/** Creates an error of the gateway with a code of the table in schema/errors.ts. */
export const publicError = (code: ErrorCode, message: string, extensions: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...extensions } });

/** Creates the error for a subgraph that cannot be reached, does not answer, or answers with something else than GraphQL. */
export const unavailable = (serviceName: string, why: string): GraphQLError =>
  publicError('UNAVAILABLE', `The ${serviceName} subgraph ${why}. Try again later.`, { serviceName });

/**
 * Turns an error into what the client gets.
 *
 * An error of a subgraph passes with its code, field and error id: the subgraph has formatted it already, and the
 * gateway's executor adds the name of the subgraph. For all other errors see `formatError` of the platform.
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

/** Whether an error comes from a subgraph or from `publicError`, or has been formatted before, and not from a library. */
const isOurs = ({ extensions }: GraphQLError): boolean =>
  typeof extensions['serviceName'] === 'string' ||
  typeof extensions['errorId'] === 'string' ||
  (typeof extensions['code'] === 'string' && extensions['code'] in OWN_CODES);

const OWN_CODES = { UNAUTHENTICATED: true, UNAVAILABLE: true, SLOW_CONSUMER: true, LIMIT_EXCEEDED: true };

interface Answer {
  data?: unknown;
  errors?: readonly GraphQLFormattedError[] | undefined;
  extensions?: Record<string, unknown> | undefined;
}

/**
 * Adds a NOT_FOUND error to a result for every value that the gateway's executor found missing.
 *
 * A subgraph answers null for an entity that does not exist or is not visible. Where the schema does not allow null, the
 * executor nulls the parent and reports it only in `extensions.valueCompletion`, which clients do not read.
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
