import { ERROR_CODES, type ErrorCode } from '../../schema/errors.ts';
import { cutText } from './text.ts';

/** One more thing that is wrong with an input. */
export interface OtherFault {
  readonly message: string;
  readonly field: readonly string[];
}

/**
 * An expected failure: a code of the table, a sentence for people, and what programs need to react.
 *
 * Operations throw it and know no GraphQL. `field` is the path of the argument at fault;
 * `current` is spread into a mutation's payload, such as the task as it is now on VERSION_CONFLICT.
 * `others` are further faults of the same code, in the same input.
 */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly field: readonly string[] | undefined;
  readonly current: Readonly<Record<string, unknown>> | undefined;
  readonly others: readonly OtherFault[];

  constructor(
    code: ErrorCode,
    message: string,
    details: {
      field?: readonly string[];
      current?: Readonly<Record<string, unknown>>;
      others?: readonly OtherFault[];
    } = {},
  ) {
    super(message);
    this.name = 'DomainError';
    this.code = code;
    this.field = details.field;
    this.current = details.current;
    this.others = details.others ?? [];
  }
}

/** Whether a failure belongs into a mutation's `userErrors` rather than into the response's `errors`. */
export const isUserError = (error: unknown): error is DomainError =>
  error instanceof DomainError && ERROR_CODES[error.code].userError;

/** Longer than any name of ours: a message does not repeat a megabyte. */
const NAME_CHARACTERS_MAX = 100;

/** Absent and invisible look the same, so that nobody learns what exists. */
export const notFound = (kind: string, id: string, field?: readonly string[]) =>
  new DomainError(
    'NOT_FOUND',
    `${kind} ${cutText(id, NAME_CHARACTERS_MAX)} does not exist`,
    field ? { field } : {},
  );

/** A change was made against an older version; `current` holds the object as it is now. */
export const versionConflict = (current: Readonly<Record<string, unknown>>) =>
  new DomainError('VERSION_CONFLICT', 'Somebody changed it since you read it. Look at it and try again.', {
    field: ['input', 'expectedVersion'],
    current,
  });
