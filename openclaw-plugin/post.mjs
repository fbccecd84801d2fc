import { createHmac } from 'node:crypto';

/**
 * How one attempt to deliver ended.
 * `delivered`; `failed`: try again soon; `refused`: try again slowly, somebody has to repair a setting;
 * `dead`: trying again cannot help.
 *
 * @typedef {'delivered' | 'failed' | 'refused' | 'dead'} Outcome
 *
 * @typedef {object} Answer
 * @property {Outcome} outcome
 * @property {string} reason for the log
 * @property {number} retryAfterMs what the answer asks for; 0 when it asks nothing
 */

const RETRIED_STATUSES = [408, 409, 425, 429];
/** A mistaken header must not silence the plugin for days. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** @type {Record<number, string>} */
const HINTS = {
  401: 'check that `secret` is the text of OPENCLAW_CALLBACK_SECRET of Team Board, and that both clocks are right',
  403: 'something in front of Team Board refuses callbacks; check `url` and what stands between',
  404: 'Team Board knows no run of this session, or `url` is not the address of its /agents/callback',
  410: 'Team Board takes callbacks at this `url` no more',
  413: 'Team Board, or what stands in front of it, must take bodies of 2 MB',
};

/**
 * Posts a callback once, signed as Standard Webhooks says. Never throws: no connection and no answer within
 * `timeoutMs` are outcomes too.
 *
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param {import('./settings.mjs').Settings} settings
 * @param {{ webhookId: string, body: Buffer, now: number, signal: AbortSignal }} callback
 * @returns {Promise<Answer>}
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
    // Nothing in it is for us, and a body that never ends must not hold the connection.
    response.body?.cancel().catch(() => {});
    return judge(response.status, readRetryAfterMs(response.headers.get('retry-after'), now));
  } catch (error) {
    return { outcome: 'failed', reason: describe(error, timeoutMs), retryAfterMs: 0 };
  }
}

/** @param {Buffer} secretKey @param {string} head @param {Buffer} body */
const sign = (secretKey, head, body) =>
  createHmac('sha256', secretKey).update(head).update(body).digest('base64');

/** @param {number} status @param {number} retryAfterMs @returns {Answer} */
function judge(status, retryAfterMs) {
  const hint =
    HINTS[status] ??
    (isRedirect(status) ? 'redirects are not followed; put the final address into `url`' : '');
  return {
    outcome: outcomeOf(status),
    reason: hint ? `HTTP ${status}: ${hint}` : `HTTP ${status}`,
    retryAfterMs,
  };
}

/** @param {number} status @returns {Outcome} */
function outcomeOf(status) {
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 500 || RETRIED_STATUSES.includes(status)) return 'failed';
  return status === 401 || status === 403 || isRedirect(status) ? 'refused' : 'dead';
}

/** @param {number} status */
const isRedirect = (status) => status >= 300 && status < 400;

/**
 * Seconds or a date, as https://www.rfc-editor.org/rfc/rfc9110#field.retry-after allows; at most an hour.
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
