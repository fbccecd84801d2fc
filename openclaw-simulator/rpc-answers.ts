import { MODEL, PROVIDER } from './model.ts';
import type { Outcome } from './run-types.ts';

const TIMED_OUT =
  'Request timed out before a response was generated. Please try again, or increase `agents.defaults.timeoutSeconds` in your config.';
const IN_PROVIDER = { timeoutPhase: 'provider', providerStarted: true };

/** The answer of `agent.wait` for an ended run. Its text is truncated to `textCharactersMax`. */
export function waitAnswer(runId: string, end: Outcome, textCharactersMax: number): object {
  const { startedAt, endedAt, disposition } = end;
  const times = { runId, startedAt, endedAt };
  if (end.kind === 'aborted') return { runId, status: 'error', endedAt, stopReason: 'rpc' };
  if (end.kind === 'failed') return { ...times, status: 'error', error: end.error };
  if (end.kind === 'timed-out') {
    return { ...times, status: 'timeout', error: TIMED_OUT, livenessState: 'paused', ...IN_PROVIDER };
  }
  return {
    ...times,
    status: 'ok',
    stopReason: 'stop',
    livenessState: 'working',
    terminalReceipt: receipt(runId, disposition),
    terminalReply: { disposition, text: end.text.slice(0, textCharactersMax) },
  };
}

function receipt(runId: string, terminalDisposition: string) {
  const model = { provider: PROVIDER, model: MODEL };
  const used = { requested: model, effective: { ...model, responseModel: MODEL } };
  return { runId, turnId: runId, ...used, successfulToolNames: [], rerouted: false, terminalDisposition };
}

/** The second answer to `agent`, sent under the id of the same request when its run has ended. */
export function endAnswer(runId: string, end: Outcome): object {
  if (end.kind === 'failed') {
    const error = { code: 'UNAVAILABLE', message: end.error };
    return { ok: false, payload: { runId, status: 'error', summary: end.error }, error };
  }
  if (end.kind === 'answered') {
    const payloads = end.text === '' ? [] : [{ text: end.text, mediaUrl: null }];
    const result = { payloads, meta: { durationMs: end.endedAt - end.startedAt } };
    return { ok: true, payload: { runId, status: 'ok', summary: 'completed', result } };
  }
  const why = end.kind === 'aborted' ? { stopReason: 'rpc' } : IN_PROVIDER;
  return { ok: true, payload: { runId, status: 'timeout', summary: 'aborted', ...why } };
}
