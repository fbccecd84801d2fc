import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RefusalReason } from './admission.ts';
import { findOrDispatch } from './dispatch.ts';
import type { DispatchFault } from './faults.ts';
import type { Gateway } from './gateway.ts';
import { type HookRequest, readHookRequest } from './hook-payload.ts';
import { header, send } from './http.ts';
import type { Dispatch, Outcome, Run } from './run-types.ts';

/** The raw body of a hook, and its fields. */
export interface HookContent {
  body: Buffer;
  fields: Record<string, unknown>;
}

/**
 * POST /hooks/agent. 200 means that the run was admitted, or with waitForCompletion that it has ended.
 * The answer never contains the model's text or error.
 */
export async function agentHook(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  { body, fields }: HookContent,
): Promise<void> {
  const key = idempotencyKey(request, fields['idempotencyKey']);
  gateway.counters.addPost({ at: Date.now(), idempotencyKey: key, body: body.toString('utf8') });
  const fault = gateway.faults.takeDispatch();
  if (applyFaultBeforeAdmission(fault, request, response)) return;

  const hookRequest = readHookRequest(gateway.settings, fields);
  const callbackFirst = gateway.faults.takeBeforeAnswer();
  const dispatch = findOrDispatch(gateway, hookRequest.payload, key);
  const run = await admission(dispatch, response);
  if (typeof run === 'string') return refuse(dispatch, run, response);
  if (fault === 'drop-after') {
    request.socket.destroy();
    return;
  }
  if (callbackFirst) await run.reported;
  if (fault === 'garbage') return send.text(response, 200, '<html>}{ not what was promised');
  return answer(dispatch, run, hookRequest, response);
}

const KEY_CHARACTERS_MAX = 256;

function idempotencyKey(request: IncomingMessage, fromBody: unknown): string | null {
  const candidates = [
    header(request, 'idempotency-key'),
    header(request, 'x-openclaw-idempotency-key'),
    fromBody,
  ];
  const key = candidates.find(
    (candidate) =>
      typeof candidate === 'string' && candidate !== '' && candidate.length <= KEY_CHARACTERS_MAX,
  );
  return typeof key === 'string' ? key : null;
}

/** Applies a fault that prevents the admission of the run. Returns false when there is none. */
function applyFaultBeforeAdmission(
  fault: DispatchFault,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (fault === 'hang') return true;
  if (fault === 'drop-before') {
    request.socket.destroy();
    return true;
  }
  if (typeof fault === 'string') return false;
  if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds);
  const plain = PLAIN_REFUSALS[fault.status];
  if (plain !== undefined) send.text(response, fault.status, plain);
  else if (fault.status === 503) send.unavailable(response);
  else send.refusal(response, fault.status, JSON_REFUSALS[fault.status] ?? `simulated ${fault.status}`);
  return true;
}

const PLAIN_REFUSALS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
};
const JSON_REFUSALS: Readonly<Record<number, string>> = {
  400: 'message required',
  408: 'request body timeout',
  409: 'hook configuration changed; retry request',
  413: 'payload too large',
  502: 'hook agent run preparation failed',
};

async function admission(dispatch: Dispatch, response: ServerResponse): Promise<Run | RefusalReason> {
  dispatch.attach();
  response.once('close', dispatch.detach);
  const admitted = await dispatch.admitted;
  response.off('close', dispatch.detach);
  return admitted;
}

function refuse(dispatch: Dispatch, reason: RefusalReason, response: ServerResponse) {
  if (reason === 'draining') return send.unavailable(response);
  if (reason === 'timeout') {
    const error = 'hook agent run did not start before admission timeout';
    send.refusal(response, 503, error, { runId: dispatch.runId });
  }
}

async function answer(
  dispatch: Dispatch,
  run: Run,
  { waitsForCompletion }: HookRequest,
  response: ServerResponse,
) {
  const { runId } = dispatch;
  if (!waitsForCompletion) return send.json(response, 200, { ok: true, runId });
  const end = await run.ended;
  // Without an outcome the process was killed, and its sockets are closed.
  if (end) send.json(response, 200, { ok: true, runId, completion: completionOf(end) });
}

/** The completion for waitForCompletion. Failed and aborted runs omit the delivery fields; timed-out runs have them. */
function completionOf({ kind, disposition }: Outcome) {
  const completion = { status: kind === 'answered' ? 'ok' : 'error', replyDisposition: disposition };
  const omitsDelivery = kind === 'failed' || kind === 'aborted';
  return omitsDelivery ? completion : { ...completion, delivered: false, deliveryAttempted: false };
}
