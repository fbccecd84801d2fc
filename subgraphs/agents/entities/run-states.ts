import type { RunState } from '../../../schema/events/agents.ts';

/** Which state may follow which. A state without followers is final. */
export const RUN_TRANSITIONS = {
  // The last four: OpenClaw answered that it did not admit the run, and ran it nevertheless.
  QUEUED: ['DISPATCHING', 'CANCELED', 'EXPIRED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'INPUT_REQUIRED'],
  // A callback may arrive before OpenClaw's answer to the hand-over is stored.
  DISPATCHING: [
    'QUEUED',
    'RUNNING',
    'INPUT_REQUIRED',
    'CANCELING',
    'SUCCEEDED',
    'FAILED',
    'TIMED_OUT',
    'CANCELED',
  ],
  // QUEUED again: the attempt failed for a transient reason.
  RUNNING: ['QUEUED', 'INPUT_REQUIRED', 'CANCELING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED'],
  INPUT_REQUIRED: ['QUEUED', 'TIMED_OUT', 'CANCELED'],
  // A success that arrives before OpenClaw confirms the stop is kept.
  CANCELING: ['SUCCEEDED', 'CANCELED'],
  SUCCEEDED: [],
  FAILED: [],
  TIMED_OUT: [],
  CANCELED: [],
  EXPIRED: [],
} as const satisfies Record<RunState, readonly RunState[]>;

/** The states in which a run holds one of its agent's slots. */
const SLOT_STATES = ['DISPATCHING', 'RUNNING', 'CANCELING'] as const satisfies readonly RunState[];

/** The states of a run about which the reconciler asks OpenClaw. */
export const CHECKED_STATES = ['RUNNING', 'CANCELING'] as const satisfies readonly RunState[];

/** The states of a run that has not ended. */
export const UNFINISHED_STATES = [
  'QUEUED',
  ...SLOT_STATES,
  'INPUT_REQUIRED',
] as const satisfies readonly RunState[];

export const isFinal = (state: RunState): boolean => RUN_TRANSITIONS[state].length === 0;
export const holdsSlot = (state: RunState): boolean => (SLOT_STATES as readonly RunState[]).includes(state);
export const mayBecome = (state: RunState, next: RunState): boolean =>
  (RUN_TRANSITIONS[state] as readonly RunState[]).includes(next);
