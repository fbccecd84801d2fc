import type { UserErrorCode } from '../../schema/errors.ts';
import { isUserError } from '../input/errors.ts';

/** An expected failure in the form in which a mutation's payload reports it. */
export interface UserError {
  code: UserErrorCode;
  message: string;
  field: string[] | null;
}

/**
 * Runs a mutation's operation and builds its payload: the operation's result without errors, or its expected failure
 * as `userErrors`. Rethrows every other error, which `formatError` logs and masks.
 */
export async function payload<Result extends object>(
  work: () => Promise<Result>,
): Promise<(Result & { userErrors: UserError[] }) | { userErrors: UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (!isUserError(error)) throw error;
    const { code, message, field, current, others } = error;
    return {
      ...current,
      userErrors: [{ message, field }, ...others].map((fault) => ({
        code: code as UserErrorCode,
        message: fault.message,
        field: fault.field ? [...fault.field] : null,
      })),
    };
  }
}
