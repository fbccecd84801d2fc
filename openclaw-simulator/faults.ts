import { z } from 'zod';
import type { Settings } from './options.ts';

/**
 * A fault of POST /hooks/agent. `drop-before`: the socket is destroyed and no run is admitted.
 * `drop-after`: the run is admitted, then the socket is destroyed. `garbage`: the run is admitted and answered 200 with
 * an invalid body. `hang`: no run is admitted and no answer is sent. `{ status }`: the POST is refused in the shape that
 * OpenClaw uses for this status.
 */
const DispatchFault = z.union([
  z.enum(['normal', 'drop-before', 'drop-after', 'garbage', 'hang']),
  z.strictObject({ status: z.int().min(400).max(599), retryAfterSeconds: z.int().min(0).optional() }),
]);
export type DispatchFault = z.infer<typeof DispatchFault>;

/**
 * A fault of callbacks. `never`: no callback is sent. `before-answer`: the callback is sent before POST /hooks/agent is
 * answered. `duplicate`: the same message is sent twice with the same webhook-id. `{ lateMs }`: the callback is sent
 * that long after the end of the run.
 */
const CallbackFault = z.union([
  z.enum(['normal', 'never', 'duplicate', 'before-answer']),
  z.strictObject({ lateMs: z.int().min(0) }),
]);
export type CallbackFault = z.infer<typeof CallbackFault>;

/** Changes to the simulator's behaviour. Absent fields stay unchanged. `times` limits the faults of the same change. */
export const FaultsChange = z.strictObject({
  delayMs: z.int().min(0).optional(),
  answer: z.string().optional(),
  /** The model's HTTP status for messages without a marker; null makes the model answer again. */
  failStatus: z.int().min(400).max(599).nullable().optional(),
  dispatch: DispatchFault.optional(),
  callbacks: CallbackFault.optional(),
  /** How many posts (dispatch) or run ends (callbacks) the fault applies to; absent: until it is changed. */
  times: z.int().min(1).optional(),
});
export type FaultsChange = z.infer<typeof FaultsChange>;

/** The model's behaviour for messages without a marker. */
export interface ModelDefaults {
  delayMs: number;
  answer: string;
  failStatus: number | null;
}

interface Bounded<Fault> {
  fault: Fault;
  /** How often the fault still applies; null: without a limit. */
  left: number | null;
}

export type Faults = ReturnType<typeof createFaults>;

/** Keeps the active faults. Each `take…` returns a fault and uses up one of its `times`. */
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
    /** True when the callback of this post must be sent before its answer. */
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
