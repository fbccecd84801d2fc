import { homedir } from 'node:os';
import path from 'node:path';
import { createDeliveryQueue } from './delivery-queue.mjs';
import { createOutbox } from './outbox.mjs';
import { createRuns, isAnswerKnown, isRunEnd, recordAttempt, recordStart, reportEnd } from './runs.mjs';
import { readSettings } from './settings.mjs';

/**
 * The state that all registrations of a process share. OpenClaw calls `register` more than once per process, and can
 * send the hook to one registration and the lifecycle event to another. Variables of the module would not be shared.
 *
 * @typedef {object} Shared
 * @property {import('./runs.mjs').Runs} runs
 * @property {import('./delivery-queue.mjs').DeliveryQueue | null} queue
 */
const SHARED = Symbol.for('team-board-callback');
/** How long after the end of a run its `agent_end` hook may arrive. */
const AGENT_END_DELAY_MS = 1000;

/** @type {import('./delivery-queue.mjs').Clock} */
const systemClock = {
  now: Date.now,
  random: Math.random,
  after(ms, run) {
    // A callback that waits for its next attempt must not keep the process alive.
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

export default createPlugin();

/** @param {{ clock?: import('./delivery-queue.mjs').Clock }} [options] tests pass their own clock */
export function createPlugin({ clock = systemClock } = {}) {
  return {
    id: 'team-board-callback',
    name: 'Team Board callback',
    description: 'Posts a signed callback to Team Board when a run of a task or a chat has ended.',
    /** @param {any} api OpenClaw's plugin API; only what was observed in 2026.9.6 is used */
    register: (api) => register(api, clock),
  };
}

/**
 * Registers the handlers. It neither sends nor writes, because OpenClaw also registers plugins only to inspect them.
 *
 * @param {any} api @param {import('./delivery-queue.mjs').Clock} clock
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
  const openSharedQueue = () => openQueue(shared, { settings, log, clock });

  api.on('agent_end', (/** @type {any} */ event, /** @type {any} */ ctx) => {
    if (isReported(settings, ctx.sessionKey)) recordAttempt(shared.runs, event, ctx);
  });
  api.agent.events.registerAgentEventSubscription({
    id: 'team-board-callback',
    description: 'Posts a signed callback to Team Board when a run has ended.',
    streams: ['lifecycle'],
    handle: async (/** @type {any} */ event) => {
      if (!isReported(settings, event.sessionKey)) return;
      if (event.data?.phase === 'start') recordStart(shared.runs, event);
      if (!isRunEnd(event)) return;
      if (!(await waitForAnswer(shared, event, clock))) return logNoAccess(log, event);
      const report = reportEnd(shared.runs, event, clock.now());
      if (report) await openSharedQueue().add(report);
    },
  });
  api.on('gateway_start', () => openSharedQueue().resume());
  api.on('gateway_stop', async () => {
    const { queue } = shared;
    shared.queue = null;
    await queue?.stop();
  });
}

/** @returns {Shared} */
function sharedState() {
  const store = /** @type {Record<symbol, Shared>} */ (/** @type {unknown} */ (globalThis));
  store[SHARED] ??= { runs: createRuns(), queue: null };
  return store[SHARED];
}

/**
 * Returns the delivery queue of the process, and creates it when there is none. After a change of the settings OpenClaw
 * sends `gateway_stop`, which removes the queue, and then registers the plugin again.
 *
 * @param {Shared} shared
 * @param {{ settings: import('./settings.mjs').Settings, log: import('./delivery-queue.mjs').Log, clock: import('./delivery-queue.mjs').Clock }} parts
 */
function openQueue(shared, { settings, log, clock }) {
  shared.queue ??= createDeliveryQueue({ settings, outbox: createOutbox(settings.outboxFolder), log, clock });
  return shared.queue;
}

/**
 * Whether the session belongs to Team Board. Compares the prefix of its key without `agent:<agentId>:`.
 *
 * @param {import('./settings.mjs').Settings} settings @param {unknown} sessionKey
 */
function isReported({ sessionKeyPrefixes }, sessionKey) {
  if (typeof sessionKey !== 'string') return false;
  const shortKey = sessionKey.replace(/^agent:[^:]+:/, '').toLowerCase();
  return sessionKeyPrefixes.some((prefix) => shortKey.startsWith(prefix));
}

/**
 * Whether the answer of an ended run is known. Waits a second for `agent_end`, which usually precedes the end, because
 * OpenClaw does not guarantee the order.
 *
 * @param {Shared} shared @param {any} event @param {import('./delivery-queue.mjs').Clock} clock
 */
async function waitForAnswer({ runs }, event, clock) {
  if (isAnswerKnown(runs, event)) return true;
  await new Promise((resolve) => clock.after(AGENT_END_DELAY_MS, () => resolve(undefined)));
  return isAnswerKnown(runs, event);
}

/**
 * Logs that a run is not reported. A report without the answer would look like a run with an empty answer, so none is
 * sent and Team Board asks OpenClaw for the result.
 *
 * @param {import('./delivery-queue.mjs').Log} log @param {any} event
 */
const logNoAccess = (log, { sessionKey }) =>
  log.error(
    `not reported: session ${JSON.stringify(sessionKey)}: OpenClaw did not give the agent's answer to the plugin; set plugins.entries.team-board-callback.hooks.allowConversationAccess to true; if it is true, run openclaw plugins reload team-board-callback`,
  );

/** @param {any} api @returns {string} */
const stateFolder = (api) =>
  api.runtime?.state?.resolveStateDir?.(process.env) ??
  process.env['OPENCLAW_STATE_DIR'] ??
  path.join(homedir(), '.openclaw');

/** @param {import('./delivery-queue.mjs').Log} logger @returns {import('./delivery-queue.mjs').Log} */
const prefixed = (logger) => ({
  info: (text) => logger.info(`team-board-callback: ${text}`),
  warn: (text) => logger.warn(`team-board-callback: ${text}`),
  error: (text) => logger.error(`team-board-callback: ${text}`),
});
