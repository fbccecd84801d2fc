import { cutText } from '../../../platform/input/text.ts';
import type { RunFailureCode } from '../entities/agent-run.ts';

/** What came of handing a run to OpenClaw. */
export type HandOver =
  /** OpenClaw took it. That says nothing of how it will end. */
  | { kind: 'admitted' }
  /** OpenClaw did not take it and may take it later. */
  | { kind: 'not-admitted'; message: string; retryAfterSeconds: number | null }
  /** Nobody is there to take it. */
  | { kind: 'unreachable'; message: string }
  /** It may or may not have taken it: the connection broke after the request was sent. */
  | { kind: 'unknown'; message: string }
  /** OpenClaw will never take it as it is. */
  | { kind: 'refused'; code: RunFailureCode; message: string };

/** Not admitted, whatever the body says: too slow, changed meanwhile, too many, restarting, full. */
const TRY_AGAIN = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** Reads OpenClaw's answer to a hand-over. Any 2xx counts, whatever its body: the run was admitted. */
export function readHandOver(
  status: number,
  body: string,
  retryAfter: string | null,
): Exclude<HandOver, { kind: 'unknown' | 'unreachable' }> {
  if (status >= 200 && status < 300) return { kind: 'admitted' };
  const message = `OpenClaw answered ${status}: ${readErrorMessage(body)}`;
  if (TRY_AGAIN.has(status)) {
    return { kind: 'not-admitted', message, retryAfterSeconds: readSeconds(retryAfter) };
  }
  const code = status === 401 || status === 403 ? 'OPENCLAW_UNAUTHORIZED' : 'OPENCLAW_REFUSED';
  return { kind: 'refused', code, message };
}

/** OpenClaw's errors come as text, as `{ok, error: text}` and as `{error: {message}}`. At most 500 characters. */
export function readErrorMessage(body: string): string {
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

/** Reads a hand-over that got no answer. */
export function readNoAnswer(error: unknown): Extract<HandOver, { kind: 'unknown' | 'unreachable' }> {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const message = `OpenClaw gave no answer: ${cause?.message ?? (error as Error).message}`;
  return { kind: cause?.code && NOT_SENT.has(cause.code) ? 'unreachable' : 'unknown', message };
}

/** Seconds of a Retry-After header; an hour at most, so that a mistake over there does not stop us for days. */
function readSeconds(retryAfter: string | null): number | null {
  const seconds = Number(retryAfter);
  return retryAfter && Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) : null;
}
