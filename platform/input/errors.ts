import { ERROR_CODES, type ErrorCode } from '../../schema/errors.ts';
import { cutText } from './text.ts';

/** A further fault of an input. */
export interface OtherFault {
  readonly message: string;
  readonly field: readonly string[];
}

/**
 * An expected failure: a code of the error table, a sentence for people, and details for programs. Operations throw it.
 *
 * `field` is the path of the argument at fault. `current` is spread into the payload of a mutation, such as the current
 * task on VERSION_CONFLICT. `others` are further faults of the same code in the same input.
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

/** Whether a failure belongs in the `userErrors` of a mutation, and not in the `errors` of the response. */
export const isUserError = (error: unknown): error is DomainError =>
  error instanceof DomainError && ERROR_CODES[error.code].userError;

/** Longer than every name of ours. A message must not repeat a client's text of any length. */
const NAME_CHARACTERS_MAX = 100;

/** The failure for an object that does not exist, and for one that the actor may not see: both look the same. */
export const notFound = (kind: string, id: string, field?: readonly string[]) =>
  new DomainError(
    'NOT_FOUND',
    `${kind} ${cutText(id, NAME_CHARACTERS_MAX)} does not exist`,
    field ? { field } : {},
  );

/**
 * Throws VERSION_CONFLICT when a row is not at the version that the client expects; null and undefined expect none.
 * `current` holds the row under the name that the mutation's payload has for it.
 */
export function requireVersion(
  current: Readonly<Record<string, { version: number }>>,
  expectedVersion: number | null | undefined,
): void {
  if (expectedVersion == null) return;
  if (Object.values(current).every(({ version }) => version === expectedVersion)) return;
  throw new DomainError(
    'VERSION_CONFLICT',
    'Somebody changed it since you read it. Look at it and try again.',
    {
      field: ['input', 'expectedVersion'],
      current,
    },
  );
}
