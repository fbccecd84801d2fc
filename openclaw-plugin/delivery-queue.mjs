import { newCallbackFile } from './outbox.mjs';
import { postCallback } from './post.mjs';
import { encodeReport } from './report.mjs';

/**
 * @typedef {import('./outbox.mjs').CallbackFile} CallbackFile
 * @typedef {{ info(text: string): void, warn(text: string): void, error(text: string): void }} Log
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since 1970
 * @property {(ms: number, run: () => void) => () => void} after calls `run` after `ms`; returns a cancel function
 * @property {() => number} random at least 0, less than 1
 *
 * @typedef {object} Entry
 * @property {CallbackFile} file
 * @property {Buffer | null} body set only while the callback is in memory because it could not be written
 * @property {number} attempts
 * @property {number} dueAt
 *
 * @typedef {ReturnType<typeof createDeliveryQueue>} DeliveryQueue
 */

export const RETRY_MS = [1000, 5000, 30_000, 120_000];
export const RETRY_MS_MAX = 300_000;
const AGE_MS_MAX = 24 * 3_600_000;
const POSTS_MAX = 4;
/** Further files stay on disk; they are listed again when the queue is empty. */
const ENTRIES_MAX = 10_000;
/** Each can have 2 MB. */
const UNWRITTEN_MAX = 16;
/** OpenClaw gives a plugin 5 s to stop. */
const STOP_MS = 4000;

/**
 * Delivers the callbacks of an outbox at least once, oldest first: one at a time per session, and at most 4 in total.
 *
 * @param {object} options
 * @param {import('./settings.mjs').Settings} options.settings
 * @param {ReturnType<typeof import('./outbox.mjs').createOutbox>} options.outbox
 * @param {Log} options.log
 * @param {Clock} options.clock
 */
export function createDeliveryQueue({ settings, outbox, log, clock }) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  /** The callbacks that are being written or posted. @type {Set<{ name: string, work: Promise<void> }>} */
  const active = new Set();
  /** @type {Set<string>} */
  const busySessions = new Set();
  const stopping = new AbortController();
  let pausedUntil = 0;
  let hasMoreOnDisk = false;
  let cancelTimer = () => {};

  /** Starts every due entry that may start, and sets the timer for the next due entry. */
  function startDue() {
    cancelTimer();
    if (stopping.signal.aborted) return;
    const now = clock.now();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const entry of entries.values()) {
      const dueAt = Math.max(entry.dueAt, pausedUntil);
      if (dueAt > now) nextAt = Math.min(nextAt, dueAt);
      else if (busySessions.size < POSTS_MAX && !busySessions.has(entry.file.sessionHash)) start(entry);
    }
    if (Number.isFinite(nextAt)) cancelTimer = clock.after(nextAt - now, startDue);
    if (entries.size === 0 && hasMoreOnDisk) resume().catch(logUnexpected);
  }

  /** @param {Entry} entry */
  function start(entry) {
    busySessions.add(entry.file.sessionHash);
    entry.dueAt = Number.POSITIVE_INFINITY;
    const sending = send(entry).catch((error) => {
      logUnexpected(error);
      entry.dueAt = clock.now() + RETRY_MS_MAX;
    });
    track(entry.file, sending).finally(() => {
      busySessions.delete(entry.file.sessionHash);
      startDue();
    });
  }

  /** @param {Entry} entry */
  async function send(entry) {
    const { file } = entry;
    const body = entry.body ?? (await outbox.read(file).catch(() => null));
    const sessionKey = body && readSessionKey(body);
    if (!body || !sessionKey) return dropUnreadable(entry, body !== null);

    entry.attempts++;
    const { webhookId } = file;
    const { signal } = stopping;
    const result = await postCallback(settings, { webhookId, body, now: clock.now(), signal });
    if (signal.aborted && result.outcome === 'retry') return;
    const about = `session ${JSON.stringify(sessionKey)} callback ${webhookId} attempt ${entry.attempts}`;
    await applyResult(entry, result, about);
  }

  /** @param {Entry} entry @param {import('./post.mjs').AttemptResult} result @param {string} about */
  async function applyResult(entry, { outcome, reason, retryAfterMs }, about) {
    if (outcome === 'delivered') {
      dequeue(entry);
      log.info(`delivered: ${about}: ${reason}`);
      return outbox.remove(entry.file);
    }
    if (outcome === 'retry' && retryAfterMs > 0)
      pausedUntil = Math.max(pausedUntil, clock.now() + retryAfterMs);
    const waitMs = Math.max(retryAfterMs, retryDelayMs(outcome, entry.attempts));
    const isTooOld = clock.now() + waitMs > entry.file.createdAt + AGE_MS_MAX;
    if (outcome === 'give-up' || isTooOld) return giveUp(entry, `${about}: ${reason}`);

    entry.dueAt = clock.now() + waitMs;
    const text = `not delivered: ${about}: ${reason}; next attempt in ${Math.round(waitMs / 1000)} s`;
    if (outcome === 'retry-slowly') log.error(text);
    else log.warn(text);
  }

  /** @param {import('./post.mjs').Outcome} outcome @param {number} attempts */
  function retryDelayMs(outcome, attempts) {
    const ms = outcome === 'retry-slowly' ? RETRY_MS_MAX : (RETRY_MS[attempts - 1] ?? RETRY_MS_MAX);
    // The jitter keeps callbacks that failed together from being retried together.
    return ms * (0.8 + 0.4 * clock.random());
  }

  /** @param {Entry} entry @param {string} about */
  async function giveUp(entry, about) {
    dequeue(entry);
    const where = entry.body
      ? 'it was only in memory and is lost'
      : `its file is now in ${outbox.folder}/dead`;
    log.error(`given up: ${about}; ${where}`);
    if (!entry.body) await outbox.moveToDead(entry.file);
  }

  /** @param {Entry} entry @param {boolean} exists */
  async function dropUnreadable(entry, exists) {
    if (exists) return giveUp(entry, `${entry.file.name}: the file is not a callback`);
    dequeue(entry);
    log.warn(
      `${entry.file.name} was removed from the outbox or cannot be read; it is skipped until the next start`,
    );
  }

  /** @param {Entry} entry */
  const dequeue = (entry) => entries.delete(entry.file.name);

  /** @param {CallbackFile} file @param {Promise<void>} work */
  function track(file, work) {
    const job = { name: file.name, work };
    active.add(job);
    return work.finally(() => active.delete(job));
  }

  /** @param {CallbackFile} file @param {Buffer | null} body */
  function enqueue(file, body) {
    if (entries.size >= ENTRIES_MAX) {
      hasMoreOnDisk = true;
      if (body)
        log.error(
          `callback ${file.webhookId} is lost: it cannot be written, and the queue in memory is full`,
        );
      return;
    }
    entries.set(file.name, { file, body, attempts: 0, dueAt: clock.now() });
  }

  /** @param {CallbackFile} file @param {Buffer} body */
  async function storeAndEnqueue(file, body) {
    try {
      await outbox.store(file, body);
      enqueue(file, null);
    } catch (error) {
      log.error(`the outbox ${outbox.folder} cannot be written (${error}); the callback is sent from memory`);
      const unwritten = [...entries.values()].filter((entry) => entry.body).length;
      if (unwritten < UNWRITTEN_MAX) enqueue(file, body);
      else
        log.error(
          `callback ${file.webhookId} is lost: ${unwritten} unwritten callbacks already wait in memory`,
        );
    }
    startDue();
  }

  async function resume() {
    hasMoreOnDisk = false;
    const files = await outbox.list().catch((error) => {
      log.error(`the outbox ${outbox.folder} cannot be read (${error}); its callbacks are not sent`);
      return [];
    });
    const activeNames = new Set([...active].map(({ name }) => name));
    const unknown = files.filter(({ name }) => !entries.has(name) && !activeNames.has(name));
    for (const file of unknown) enqueue(file, null);
    if (unknown.length > 0) log.info(`${unknown.length} unsent callbacks in ${outbox.folder}`);
    startDue();
  }

  /** @param {unknown} error */
  const logUnexpected = (error) => log.error(`unexpected: ${error instanceof Error ? error.stack : error}`);

  return {
    settings,

    /**
     * Stores a report and queues its callback. Resolves when the callback is on disk; it is posted after that.
     *
     * @param {import('./report.mjs').Report} report
     */
    add(report) {
      const file = newCallbackFile(report.sessionKey, clock.now());
      return track(file, storeAndEnqueue(file, encodeReport(report)));
    },

    /** Queues the callbacks that an earlier process left in the outbox, and sends them at once. */
    resume,

    /**
     * Waits for callbacks that are being written or posted, for 4 s at most. Undelivered callbacks stay in the outbox.
     */
    async stop() {
      let isLate = false;
      const late = Promise.withResolvers();
      const cancel = clock.after(STOP_MS, () => {
        isLate = true;
        late.resolve(undefined);
      });
      while (active.size > 0 && !isLate)
        await Promise.race([Promise.allSettled([...active].map(({ work }) => work)), late.promise]);
      cancel();
      cancelTimer();
      stopping.abort();
    },
  };
}

/** @param {Buffer} body @returns {string | null} */
function readSessionKey(body) {
  try {
    const { sessionKey } = JSON.parse(body.toString());
    return typeof sessionKey === 'string' ? sessionKey : null;
  } catch {
    return null;
  }
}
