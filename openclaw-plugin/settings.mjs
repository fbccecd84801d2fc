import path from 'node:path';

/**
 * @typedef {object} Settings
 * @property {string} url
 * @property {Buffer} secretKey
 * @property {readonly string[]} sessionKeyPrefixes in lower case, as OpenClaw stores session keys
 * @property {string} outboxFolder an absolute path
 * @property {number} timeoutMs
 */

const DEFAULT_PREFIXES = ['task:', 'chat:'];
const DEFAULT_TIMEOUT_SECONDS = 10;
const SECRET_BYTES_MIN = 24;
const TIMEOUT_SECONDS_MAX = 60;

/**
 * Reads `plugins.entries.team-board-callback.config`.
 *
 * The schema in the manifest checks the same, but OpenClaw can load a plugin without its schema. Throws one error with
 * all problems; its message never contains the secret.
 *
 * @param {unknown} config
 * @param {string} stateFolder OpenClaw's state folder; a relative `outboxFolder` is resolved against it
 * @returns {Settings}
 */
export function readSettings(config, stateFolder) {
  const { url, secret, sessionKeyPrefixes, outboxFolder, timeoutSeconds } =
    /** @type {Record<string, unknown>} */ (isRecord(config) ? config : {});
  /** @type {string[]} */
  const problems = [];
  const settings = {
    url: readUrl(url, problems),
    secretKey: readSecret(secret, problems),
    sessionKeyPrefixes: readPrefixes(sessionKeyPrefixes ?? DEFAULT_PREFIXES, problems),
    outboxFolder: path.resolve(stateFolder, readFolder(outboxFolder ?? 'team-board-callback', problems)),
    timeoutMs: readTimeoutMs(timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS, problems),
  };
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}

/** @param {unknown} value @param {string[]} problems @returns {string} */
function readUrl(value, problems) {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    problems.push('url must be an http or https address');
  // fetch refuses such an address at every attempt, which the operator would notice late.
  else if (url.username || url.password) problems.push('url must not contain a user name or password');
  return url?.href ?? '';
}

/** @param {unknown} value @param {string[]} problems @returns {Buffer} */
function readSecret(value, problems) {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(typeof value === 'string' ? value : '')?.[1];
  const key = Buffer.from(base64 ?? '', 'base64');
  if (key.length < SECRET_BYTES_MIN)
    problems.push(`secret must be whsec_ followed by base64 of at least ${SECRET_BYTES_MIN} bytes`);
  return key;
}

/** @param {unknown} value @param {string[]} problems @returns {string[]} */
function readPrefixes(value, problems) {
  const prefixes = Array.isArray(value) ? value.filter((prefix) => typeof prefix === 'string' && prefix) : [];
  if (prefixes.length === 0 || prefixes.length !== /** @type {unknown[]} */ (value).length)
    problems.push('sessionKeyPrefixes must be a non-empty list of texts');
  return prefixes.map((prefix) => prefix.toLowerCase());
}

/** @param {unknown} value @param {string[]} problems @returns {string} */
function readFolder(value, problems) {
  if (typeof value === 'string' && value.trim()) return value;
  problems.push('outboxFolder must be the path of a folder');
  return '.';
}

/** @param {unknown} value @param {string[]} problems @returns {number} */
function readTimeoutMs(value, problems) {
  if (typeof value === 'number' && value >= 1 && value <= TIMEOUT_SECONDS_MAX)
    return Math.round(value * 1000);
  problems.push(`timeoutSeconds must be a number from 1 to ${TIMEOUT_SECONDS_MAX}`);
  return 0;
}

/** @param {unknown} value */
const isRecord = (value) => typeof value === 'object' && value !== null;
