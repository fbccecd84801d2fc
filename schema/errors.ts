/**
 * Every error code that clients get from this system.
 *
 * Codes with `userError` appear in a mutation's `userErrors` and are the values of the SDL enum `ErrorCode`. The others
 * appear only as `extensions.code` in the `errors` of a response. docs/errors.md has the same table for readers;
 * tests/schema.test.ts compares all three.
 */
export const ERROR_CODES = {
  NOT_FOUND: { userError: true, meaning: 'The object does not exist, or you may not see it.' },
  FORBIDDEN: { userError: true, meaning: 'You may see the object, but your role does not allow this.' },
  INVALID: { userError: true, meaning: 'An argument breaks a rule. `field` names the argument.' },
  VERSION_CONFLICT: { userError: true, meaning: 'Somebody changed the object after you read it.' },
  IDEMPOTENCY_MISMATCH: {
    userError: true,
    meaning: 'The idempotency key was used before with other arguments.',
  },
  DUPLICATE: { userError: true, meaning: 'An object with this unique value exists.' },
  LIMIT_EXCEEDED: {
    userError: true,
    meaning: 'A limit of the system is reached. The message names the limit.',
  },
  INVALID_TRANSITION: {
    userError: true,
    meaning: 'The present state of the object does not allow this step.',
  },
  AGENT_DISABLED: { userError: true, meaning: 'The agent is disabled.' },
  AGENT_BUSY: { userError: true, meaning: 'The agent has no free slot. Try again later, or queue the run.' },
  TASK_BUSY: { userError: true, meaning: 'The task has a run that has not ended.' },
  TASK_BLOCKED: {
    userError: true,
    meaning: 'A blocking task is not done. `ignoreBlockers` starts the run nevertheless.',
  },
  LOOP_GUARD: {
    userError: true,
    meaning: 'Agents have started too many runs from runs. A person must continue.',
  },
  UNAVAILABLE: {
    userError: true,
    meaning: 'A required part of the system cannot be reached now. Try again later.',
  },

  OUTCOME_UNKNOWN: {
    userError: false,
    meaning:
      'The mutation may have been carried out or not. Look, or repeat it with the same `idempotencyKey`.',
  },
  UNAUTHENTICATED: { userError: false, meaning: 'Sign in, or renew the access token.' },
  SLOW_CONSUMER: {
    userError: false,
    meaning: 'The client reads its subscription too slowly. Subscribe again with the last cursor.',
  },
  INTERNAL: { userError: false, meaning: 'A fault of the system. `errorId` finds its record in the logs.' },
} as const satisfies Record<string, { userError: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
export type UserErrorCode = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['userError'] extends true ? Code : never;
}[ErrorCode];
