import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { formatError } from '../platform/graphql/format-error.ts';
import { cutText } from '../platform/input/text.ts';
import type { Logger } from '../platform/process/log.ts';
import type { ErrorCode } from '../schema/errors.ts';

/** An error that the gateway made for clients: it passes as it is. */
class PublicError extends GraphQLError {}

/** Creates an error of the gateway with a code of the table in schema/errors.ts. */
export const publicError = (
  code: ErrorCode,
  message: string,
  { path, ...extensions }: { path?: readonly (string | number)[]; serviceName?: string } = {},
): GraphQLError => new PublicError(message, { ...(path && { path }), extensions: { code, ...extensions } });

/** Creates the error for a mutation that a subgraph got and did not answer: it may have been carried out. */
export const outcomeUnknown = (serviceName: string): GraphQLError =>
  publicError(
    'OUTCOME_UNKNOWN',
    `The ${serviceName} subgraph got this and did not answer, so it may have been carried out. Look, or repeat it with the same idempotencyKey.`,
    { serviceName },
  );

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
  if (!isOurs(graphqlError)) return shortened(formatError(graphqlError, log));
  const { message, locations, path } = graphqlError.toJSON();
  return shortened({
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: {
      code,
      ...(serviceName !== undefined && { serviceName }),
      ...(field !== undefined && { field }),
      ...(errorId !== undefined && { errorId }),
    },
  });
}

/** Whether an error comes from a subgraph or from `publicError`, or has been formatted before, and not from a library. */
const isOurs = (error: GraphQLError): boolean =>
  error instanceof PublicError ||
  typeof error.extensions['serviceName'] === 'string' ||
  typeof error.extensions['errorId'] === 'string';

/** Messages repeat what the client sent, which can be a megabyte. */
const MESSAGE_CHARACTERS_MAX = 500;

const shortened = (error: GraphQLFormattedError): GraphQLFormattedError =>
  error.message.length <= MESSAGE_CHARACTERS_MAX
    ? error
    : { ...error, message: `${cutText(error.message, MESSAGE_CHARACTERS_MAX)}…` };
