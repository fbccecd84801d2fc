/**
 * The body of a callback: the end of a run.
 *
 * @typedef {object} Report
 * @property {string} runId OpenClaw's id of the run; it differs from the one in the answer of POST /hooks/agent
 * @property {string} sessionKey the full key, `agent:<agentId>:<key>`, which correlates the callback with a run
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {string | null} trigger `cron` for runs that /hooks/agent started, `user` for all others
 * @property {boolean} success
 * @property {boolean} aborted
 * @property {string} text the last assistant message, whole
 * @property {string | null} error
 * @property {string | null} stopReason
 * @property {Record<string, unknown> | null} usage tokens, summed over the model's messages of the run
 * @property {string | null} provider
 * @property {string | null} model
 * @property {number} attempts
 * @property {number} startedAt milliseconds since 1970
 * @property {number} endedAt milliseconds since 1970
 * @property {number} durationMs
 */

/** Team Board refuses larger bodies. */
export const BODY_BYTES_MAX = 2_000_000;
const ERROR_CHARACTERS_MAX = 10_000;
/** The mark that OpenClaw itself adds to truncated texts, so that Team Board has to detect only one. */
export const CUT_MARK = '\n...(truncated)...';

/**
 * Encodes a report as JSON of at most `BODY_BYTES_MAX` bytes. A longer text is truncated and ends with `CUT_MARK`.
 *
 * @param {Report} report
 * @returns {Buffer}
 */
export function encodeReport(report) {
  const error = report.error && cutAt(report.error, ERROR_CHARACTERS_MAX);
  const body = Buffer.from(JSON.stringify({ ...report, error }));
  if (body.length <= BODY_BYTES_MAX) return body;
  const bytesLeft = BODY_BYTES_MAX - jsonBytes({ ...report, error, text: '' });
  return Buffer.from(JSON.stringify({ ...report, error, text: cutToBytes(report.text, bytesLeft) }));
}

/**
 * Truncates a text so that its JSON, including the mark, has at most `bytesMax` bytes. A character has 1 to 6 bytes in
 * JSON, so a binary search finds the length.
 *
 * @param {string} text @param {number} bytesMax
 */
function cutToBytes(text, bytesMax) {
  let fits = 0;
  let tooLong = Math.min(text.length, bytesMax);
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (jsonBytes(cutAt(text, middle)) - 2 <= bytesMax) fits = middle;
    else tooLong = middle;
  }
  return cutAt(text, fits);
}

/**
 * Truncates a text to `charactersMax` characters and adds `CUT_MARK`.
 *
 * @param {string} text @param {number} charactersMax
 */
export function cutAt(text, charactersMax) {
  if (text.length <= charactersMax) return text;
  // PostgreSQL refuses half of a surrogate pair.
  const isPairSplit = /[\uD800-\uDBFF]/.test(text.charAt(charactersMax - 1));
  return text.slice(0, isPairSplit ? charactersMax - 1 : charactersMax) + CUT_MARK;
}

/** @param {unknown} value */
const jsonBytes = (value) => Buffer.byteLength(JSON.stringify(value));
