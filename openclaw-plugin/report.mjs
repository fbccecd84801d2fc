/**
 * What Team Board is told about the end of a run.
 *
 * @typedef {object} Report
 * @property {string} runId OpenClaw's id of the run; not the one that POST /hooks/agent answered
 * @property {string} sessionKey the full key, `agent:<agentId>:<key>`: what to correlate by
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {string | null} trigger `cron` for runs by /hooks/agent, `user` for all others
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

/** Team Board reads no more. */
export const BODY_BYTES_MAX = 2_000_000;
const ERROR_CHARACTERS_MAX = 10_000;
/** OpenClaw's own mark on cut texts, so that Team Board has one to look for. */
export const CUT_MARK = '\n...(truncated)...';

/**
 * The bytes to post, at most `BODY_BYTES_MAX` of them: a longer text is cut and ends with `CUT_MARK`.
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
 * The longest beginning of a text that takes no more than `bytesMax` as JSON, the mark included. One character takes
 * 1 to 6 bytes there, so the place is searched for, not computed.
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

/** @param {string} text @param {number} charactersMax */
export function cutAt(text, charactersMax) {
  if (text.length <= charactersMax) return text;
  // Half of a surrogate pair is no character: PostgreSQL refuses it.
  const isPairSplit = /[\uD800-\uDBFF]/.test(text.charAt(charactersMax - 1));
  return text.slice(0, isPairSplit ? charactersMax - 1 : charactersMax) + CUT_MARK;
}

/** @param {unknown} value */
const jsonBytes = (value) => Buffer.byteLength(JSON.stringify(value));
