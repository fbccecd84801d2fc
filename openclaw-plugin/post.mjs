import { createHmac } from 'node:crypto';

/**
 * The outcome of one delivery attempt.
 * `delivered`; `retry`: the next attempt follows soon; `retry-slowly`: an operator has to correct a setting, so the next
 * attempt follows later; `give-up`: another attempt cannot succeed.
 *
 * @typedef {'delivered' | 'retry' | 'retry-slowly' | 'give-up'} Outcome
 *
 * @typedef {object} AttemptResult
 * @property {Outcome} outcome
 * @property {string} reason for the log
 * @property {number} retryAfterMs the delay that the answer asks for; 0 when it asks for none
 */

const RETRIED_STATUSES = [408, 409, 425, 429];
/** A wrong header must not stop deliveries for days. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** @type {Record<number, string>} */
const HINTS = {
  401: 'check that `secret` equals OPENCLAW_CALLBACK_SECRET of Team Board, and that both clocks are correct',
  403: 'a proxy in front of Team Board refuses callbacks; check `url` and the proxy',
  404: 'Team Board has no run of this session, or `url` is not the address of its /agents/callback',
  410: 'Team Board no longer accepts callbacks at this `url`',
  413: 'Team Board, or a proxy in front of it, must accept bodies of 2 MB',
};

/**
 * Posts a callback once, signed as Standard Webhooks defines. Never throws: a failed connection and no answer within
 * `timeoutMs` have the outcome `retry`.
 *
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param {import('./settings.mjs').Settings} settings
 * @param {{ webhookId: string, body: Buffer, now: number, signal: AbortSignal }} callback
 * @returns {Promise<AttemptResult>}
 */
export async function postCallback({ url, secretKey, timeoutMs }, { webhookId, body, now, signal }) {
  const timestamp = String(Math.floor(now / 1000));
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'team-board-callback/0.1.0',
        'webhook-id': webhookId,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${sign(secretKey, `${webhookId}.${timestamp}.`, body)}`,
      },
      body: new Uint8Array(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    // The body is not needed, and an endless body must not keep the connection open.
    response.body?.cancel().catch(() => {});
    return classify(response.status, readRetryAfterMs(response.headers.get('retry-after'), now));
  } catch (error) {
    return { outcome: 'retry', reason: describe(error, timeoutMs), retryAfterMs: 0 };
  }
}

/** @param {Buffer} secretKey @param {string} head @param {Buffer} body */
const sign = (secretKey, head, body) =>
  createHmac('sha256', secretKey).update(head).update(body).digest('base64');

/** @param {number} status @param {number} retryAfterMs @returns {AttemptResult} */
function classify(status, retryAfterMs) {
  const hint =
    HINTS[status] ?? (isRedirect(status) ? 'redirects are not followed; set `url` to the final address' : '');
  return {
    outcome: outcomeOf(status),
    reason: hint ? `HTTP ${status}: ${hint}` : `HTTP ${status}`,
    retryAfterMs,
  };
}

/** @param {number} status @returns {Outcome} */
function outcomeOf(status) {
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 500 || RETRIED_STATUSES.includes(status)) return 'retry';
  return status === 401 || status === 403 || isRedirect(status) ? 'retry-slowly' : 'give-up';
}

/** @param {number} status */
const isRedirect = (status) => status >= 300 && status < 400;

/**
 * Reads a Retry-After header in seconds or as a date, bounded to one hour.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 *
 * @param {string | null} header @param {number} now
 */
function readRetryAfterMs(header, now) {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Math.min(Math.max(Number.isFinite(ms) ? ms : 0, 0), RETRY_AFTER_MS_MAX);
}

/** @param {any} error @param {number} timeoutMs */
function describe(error, timeoutMs) {
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  return `no connection: ${error.cause?.code ?? error.cause?.message ?? error.message}`;
}
