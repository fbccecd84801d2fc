/**
 * Every code that leaves this system, once.
 *
 * `userError` codes travel in a mutation's `userErrors` and are the members of the SDL enum `ErrorCode`;
 * the others only in the top-level `errors` of a response, as `extensions.code`.
 * docs/errors.md is this table for readers; a test holds the three together.
 */
export const ERROR_CODES = {
  NOT_FOUND: { userError: true, meaning: 'It does not exist, or you may not see it.' },
  FORBIDDEN: { userError: true, meaning: 'You may see it, but your role does not allow this.' },
  INVALID: { userError: true, meaning: 'An argument breaks a rule; `field` names it.' },
  VERSION_CONFLICT: { userError: true, meaning: 'Somebody changed it since you read it.' },
  IDEMPOTENCY_MISMATCH: {
    userError: true,
    meaning: 'This idempotency key was used before with other arguments.',
  },
  DUPLICATE: { userError: true, meaning: 'Something with this unique value exists.' },
  LIMIT_EXCEEDED: { userError: true, meaning: 'A limit of the system is reached; the message names it.' },
  INVALID_TRANSITION: { userError: true, meaning: 'Its present state does not allow this step.' },
  AGENT_DISABLED: { userError: true, meaning: 'The agent is switched off.' },
  AGENT_BUSY: { userError: true, meaning: 'The agent has no free slot; try again later or queue the run.' },
  TASK_BUSY: { userError: true, meaning: 'The task already has a run that has not ended.' },
  TASK_BLOCKED: {
    userError: true,
    meaning: 'A task that must be done first is not; `ignoreBlockers` starts the run all the same.',
  },
  LOOP_GUARD: {
    userError: true,
    meaning: 'Agents have started runs from runs too often; a person must go on.',
  },
  UNAVAILABLE: {
    userError: true,
    meaning: 'A part of the system that this needs cannot be reached now; try again later.',
  },

  UNAUTHENTICATED: { userError: false, meaning: 'Sign in, or renew the access token.' },
  SLOW_CONSUMER: {
    userError: false,
    meaning: 'The client reads its subscription too slowly; subscribe again with the last cursor.',
  },
  INTERNAL: { userError: false, meaning: 'A fault of ours; `errorId` finds it in the logs.' },
} as const satisfies Record<string, { userError: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
export type UserErrorCode = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['userError'] extends true ? Code : never;
}[ErrorCode];
