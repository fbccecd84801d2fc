import { homedir } from 'node:os';
import path from 'node:path';
import { createCourier } from './courier.mjs';
import { createOutbox } from './outbox.mjs';
import { createRuns, isAnswerKnown, isRunEnd, noteAttempt, noteStart, reportEnd } from './runs.mjs';
import { readSettings } from './settings.mjs';

/**
 * OpenClaw calls `register` more than once in a process, and the hook may arrive at one registration while the
 * lifecycle event arrives at another: what both must know is no variable of a module.
 *
 * @typedef {object} Shared
 * @property {import('./runs.mjs').Runs} runs
 * @property {import('./courier.mjs').Courier | null} courier
 */
const SHARED = Symbol.for('team-board-callback');
/** How long the messages of a run may come after its end. */
const ATTEMPT_LATE_MS = 1000;

/** @type {import('./courier.mjs').Clock} */
const systemClock = {
  now: Date.now,
  random: Math.random,
  after(ms, run) {
    // A callback that waits for its next attempt must not keep a process alive that wants to end.
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

export default createPlugin();

/** @param {{ clock?: import('./courier.mjs').Clock }} [options] the clock is there for tests */
export function createPlugin({ clock = systemClock } = {}) {
  return {
    id: 'team-board-callback',
    name: 'Team Board callback',
    description: 'Posts a signed callback to Team Board when a run of a task or a chat has ended.',
    /** @param {any} api OpenClaw's plugin API; only what 2026.9.6 was seen to have is used */
    register: (api) => register(api, clock),
  };
}

/**
 * Registers handlers only: OpenClaw also registers to inspect, and then nothing may be sent or written.
 *
 * @param {any} api @param {import('./courier.mjs').Clock} clock
 */
function register(api, clock) {
  const log = prefixed(api.logger);
  let settings;
  try {
    settings = readSettings(api.pluginConfig, stateFolder(api));
  } catch (error) {
    log.error(`no callback will be sent: ${/** @type {Error} */ (error).message}`);
    return;
  }
  const shared = sharedState();
  const open = () => openCourier(shared, { settings, log, clock });

  api.on('agent_end', (/** @type {any} */ event, /** @type {any} */ ctx) => {
    if (isReported(settings, ctx.sessionKey)) noteAttempt(shared.runs, event, ctx);
  });
  api.agent.events.registerAgentEventSubscription({
    id: 'team-board-callback',
    description: 'Posts a signed callback to Team Board when a run has ended.',
    streams: ['lifecycle'],
    handle: async (/** @type {any} */ event) => {
      if (!isReported(settings, event.sessionKey)) return;
      if (event.data?.phase === 'start') noteStart(shared.runs, event);
      if (!isRunEnd(event)) return;
      if (!(await hasAnswer(shared, event, clock))) return logNoAccess(log, event);
      const report = reportEnd(shared.runs, event, clock.now());
      if (report) await open().take(report);
    },
  });
  api.on('gateway_start', () => open().resume());
  api.on('gateway_stop', async () => {
    const { courier } = shared;
    shared.courier = null;
    await courier?.stop();
  });
}

/** @returns {Shared} */
function sharedState() {
  const store = /** @type {Record<symbol, Shared>} */ (/** @type {unknown} */ (globalThis));
  store[SHARED] ??= { runs: createRuns(), courier: null };
  return store[SHARED];
}

/**
 * The one courier of the process. After a change of the settings OpenClaw sends `gateway_stop`, which forgets it, and
 * registers again.
 *
 * @param {Shared} shared
 * @param {{ settings: import('./settings.mjs').Settings, log: import('./courier.mjs').Log, clock: import('./courier.mjs').Clock }} parts
 */
function openCourier(shared, { settings, log, clock }) {
  shared.courier ??= createCourier({ settings, outbox: createOutbox(settings.outboxFolder), log, clock });
  return shared.courier;
}

/**
 * Whether a session is Team Board's: by its key without the agent in front.
 *
 * @param {import('./settings.mjs').Settings} settings @param {unknown} sessionKey
 */
function isReported({ sessionKeyPrefixes }, sessionKey) {
  if (typeof sessionKey !== 'string') return false;
  const shortKey = sessionKey.replace(/^agent:[^:]+:/, '').toLowerCase();
  return sessionKeyPrefixes.some((prefix) => shortKey.startsWith(prefix));
}

/**
 * Whether the answer of an ended run is there: `agent_end` comes first as a rule, but OpenClaw does not wait for it.
 *
 * @param {Shared} shared @param {any} event @param {import('./courier.mjs').Clock} clock
 */
async function hasAnswer({ runs }, event, clock) {
  if (isAnswerKnown(runs, event)) return true;
  await new Promise((resolve) => clock.after(ATTEMPT_LATE_MS, () => resolve(undefined)));
  return isAnswerKnown(runs, event);
}

/**
 * Without its answer a run would count as done with nothing to say, so Team Board must ask for it instead.
 *
 * @param {import('./courier.mjs').Log} log @param {any} event
 */
const logNoAccess = (log, { sessionKey }) =>
  log.error(
    `not reported: session ${JSON.stringify(sessionKey)}: OpenClaw did not show what the agent said; set plugins.entries.team-board-callback.hooks.allowConversationAccess to true; if it is, run openclaw plugins reload team-board-callback`,
  );

/** @param {any} api @returns {string} */
const stateFolder = (api) =>
  api.runtime?.state?.resolveStateDir?.(process.env) ??
  process.env['OPENCLAW_STATE_DIR'] ??
  path.join(homedir(), '.openclaw');

/** @param {import('./courier.mjs').Log} logger @returns {import('./courier.mjs').Log} */
const prefixed = (logger) => ({
  info: (text) => logger.info(`team-board-callback: ${text}`),
  warn: (text) => logger.warn(`team-board-callback: ${text}`),
  error: (text) => logger.error(`team-board-callback: ${text}`),
});
