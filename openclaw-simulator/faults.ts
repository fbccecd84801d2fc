import { z } from 'zod';
import type { Settings } from './options.ts';

/**
 * What happens to POST /hooks/agent. `drop-before`: the socket is destroyed and no run is admitted.
 * `drop-after`: the run is admitted, then the socket is destroyed. `garbage`: admitted, answered 200 with junk.
 * `hang`: no run and no answer until the client goes. `{ status }`: refused in the shape OpenClaw uses for it.
 */
const DispatchFault = z.union([
  z.enum(['normal', 'drop-before', 'drop-after', 'garbage', 'hang']),
  z.strictObject({ status: z.int().min(400).max(599), retryAfterSeconds: z.int().min(0).optional() }),
]);
export type DispatchFault = z.infer<typeof DispatchFault>;

/**
 * What happens to callbacks. `before-answer`: the callback is sent before POST /hooks/agent is answered.
 * `duplicate`: the same message, with the same webhook-id, twice. `{ lateMs }`: that long after the run's end.
 */
const CallbackFault = z.union([
  z.enum(['normal', 'never', 'duplicate', 'before-answer']),
  z.strictObject({ lateMs: z.int().min(0) }),
]);
export type CallbackFault = z.infer<typeof CallbackFault>;

/** Changes to the simulator's behaviour; what is absent stays. `times` bounds the faults named beside it. */
export const FaultsChange = z.strictObject({
  delayMs: z.int().min(0).optional(),
  answer: z.string().optional(),
  /** The model's HTTP status when the message names none; null makes it answer again. */
  failStatus: z.int().min(400).max(599).nullable().optional(),
  dispatch: DispatchFault.optional(),
  callbacks: CallbackFault.optional(),
  /** How many posts (dispatch) and run ends (callbacks) the fault lasts; absent: until changed. */
  times: z.int().min(1).optional(),
});
export type FaultsChange = z.infer<typeof FaultsChange>;

/** What the model does when the message has no marker. */
export interface ModelDefaults {
  delayMs: number;
  answer: string;
  failStatus: number | null;
}

interface Bounded<Fault> {
  fault: Fault;
  /** How often it still happens; null is without end. */
  left: number | null;
}

export type Faults = ReturnType<typeof createFaults>;

/** The faults in force. Each `take…` uses up one of the `times` it was set for. */
export function createFaults(settings: Settings) {
  const model: ModelDefaults = { delayMs: settings.delayMs, answer: settings.answer, failStatus: null };
  let dispatch: Bounded<DispatchFault> = { fault: 'normal', left: null };
  let callbacks: Bounded<CallbackFault> = { fault: 'normal', left: null };

  return {
    model: model as Readonly<ModelDefaults>,
    set(change: FaultsChange): void {
      model.delayMs = change.delayMs ?? model.delayMs;
      model.answer = change.answer ?? model.answer;
      if (change.failStatus !== undefined) model.failStatus = change.failStatus;
      const left = change.times ?? null;
      if (change.dispatch !== undefined) dispatch = { fault: change.dispatch, left };
      if (change.callbacks !== undefined) callbacks = { fault: change.callbacks, left };
    },
    takeDispatch: () => take(dispatch),
    /** True when this post's callback must come before its answer. */
    takeBeforeAnswer: () => callbacks.fault === 'before-answer' && take(callbacks) === 'before-answer',
    takeCallback: () => (callbacks.fault === 'before-answer' ? 'normal' : take(callbacks)),
    current: () => ({ ...model, dispatch: { ...dispatch }, callbacks: { ...callbacks } }),
  };
}

function take<Fault>(bounded: Bounded<Fault | 'normal'>): Fault | 'normal' {
  const { fault } = bounded;
  if (bounded.left !== null && --bounded.left === 0) {
    bounded.fault = 'normal';
    bounded.left = null;
  }
  return fault;
}
