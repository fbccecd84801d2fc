import { cutText } from '../../../platform/input/text.ts';
import type { RunFailureCode } from '../entities/agent-run.ts';

/** An attempt as it is handed to a target, and as the target is asked about it afterwards. */
export interface HandOver {
  runId: string;
  attempt: number;
  /** The name of the target. */
  target: string;
  agentSlug: string;
  sessionKey: string;
  /** The exact bytes to send. */
  body: string;
  /** OpenClaw recognizes a repeated hand-over by this key. */
  idempotencyKey: string;
}

/** What came of a hand-over. */
export type HandOverOutcome =
  /** OpenClaw admitted the run. That does not say how the run will end. */
  | { kind: 'admitted' }
  /** OpenClaw did not admit the run and may admit it later. */
  | { kind: 'not-admitted'; message: string; retryAfterSeconds: number | null }
  /** No OpenClaw answered at the address of the target. */
  | { kind: 'unreachable'; message: string }
  /** OpenClaw may or may not have admitted the run: the connection broke after the request was sent. */
  | { kind: 'unknown'; message: string }
  /** OpenClaw will never admit this request. */
  | { kind: 'refused'; code: RunFailureCode; message: string };

/** OpenClaw was too slow or too full, or is restarting. The body makes no difference. */
const NOT_ADMITTED = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** Reads OpenClaw's answer to a hand-over. Any 2xx means that the run was admitted, whatever the body is. */
export function readAnswerToHandOver(
  status: number,
  body: string,
  retryAfter: string | null,
): Exclude<HandOverOutcome, { kind: 'unknown' | 'unreachable' }> {
  if (status >= 200 && status < 300) return { kind: 'admitted' };
  const message = `OpenClaw answered ${status}: ${readErrorMessage(body)}`;
  if (NOT_ADMITTED.has(status)) {
    return { kind: 'not-admitted', message, retryAfterSeconds: readSeconds(retryAfter) };
  }
  const code = status === 401 || status === 403 ? 'OPENCLAW_UNAUTHORIZED' : 'OPENCLAW_REFUSED';
  return { kind: 'refused', code, message };
}

/** OpenClaw's errors are plain text, `{ok, error: text}` or `{error: {message}}`. Returns at most 500 characters. */
function readErrorMessage(body: string): string {
  let message: unknown = body;
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
  } catch {
    // plain text
  }
  return cutText(String(message ?? 'no reason given'), 500);
}

/** Failures before anything was sent: the run was certainly not admitted. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Reads the error of a hand-over that got no answer. */
export function readNoAnswer(error: unknown): Extract<HandOverOutcome, { kind: 'unknown' | 'unreachable' }> {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const message = `OpenClaw gave no answer: ${cause?.message ?? (error as Error).message}`;
  return { kind: cause?.code && NOT_SENT.has(cause.code) ? 'unreachable' : 'unknown', message };
}

/** Seconds of a Retry-After header, at most an hour: a wrong header must not stop a target for days. */
function readSeconds(retryAfter: string | null): number | null {
  const seconds = Number(retryAfter);
  return retryAfter && Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) : null;
}
