import { newLetter } from './outbox.mjs';
import { postCallback } from './post.mjs';
import { encodeReport } from './report.mjs';

/**
 * @typedef {import('./outbox.mjs').Letter} Letter
 * @typedef {{ info(text: string): void, warn(text: string): void, error(text: string): void }} Log
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since 1970
 * @property {(ms: number, run: () => void) => () => void} after runs something later; gives what cancels it
 * @property {() => number} random from 0 up to 1
 *
 * @typedef {object} Entry
 * @property {Letter} letter
 * @property {Buffer | null} body in memory only while it could not be written
 * @property {number} attempts
 * @property {number} dueAt
 *
 * @typedef {ReturnType<typeof createCourier>} Courier
 */

export const RETRY_MS = [1000, 5000, 30_000, 120_000];
export const RETRY_MS_MAX = 300_000;
const LIFE_MS = 24 * 3_600_000;
const POSTS_MAX = 4;
/** Beyond these the files wait unread; they are taken up when the others are gone. */
const ENTRIES_MAX = 10_000;
/** Each may hold 2 MB. */
const UNWRITTEN_MAX = 16;
/** OpenClaw gives a plugin 5 s to stop. */
const STOP_MS = 4000;

/**
 * Delivers callbacks from an outbox: at least once, oldest first, one at a time for a session and 4 in all.
 *
 * @param {object} options
 * @param {import('./settings.mjs').Settings} options.settings
 * @param {ReturnType<typeof import('./outbox.mjs').createOutbox>} options.outbox
 * @param {Log} options.log
 * @param {Clock} options.clock
 */
export function createCourier({ settings, outbox, log, clock }) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  /** What is being written or posted now. @type {Set<{ name: string, work: Promise<void> }>} */
  const active = new Set();
  /** @type {Set<string>} */
  const busySessions = new Set();
  const stopping = new AbortController();
  let pausedUntil = 0;
  let hasMoreOnDisk = false;
  let cancelTimer = () => {};

  /** Starts what is due and may start, and sets the timer for what is due next. */
  function pump() {
    cancelTimer();
    if (stopping.signal.aborted) return;
    const now = clock.now();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const entry of entries.values()) {
      const dueAt = Math.max(entry.dueAt, pausedUntil);
      if (dueAt > now) nextAt = Math.min(nextAt, dueAt);
      else if (busySessions.size < POSTS_MAX && !busySessions.has(entry.letter.sessionHash)) start(entry);
    }
    if (Number.isFinite(nextAt)) cancelTimer = clock.after(nextAt - now, pump);
    if (entries.size === 0 && hasMoreOnDisk) resume().catch(logBroken);
  }

  /** @param {Entry} entry */
  function start(entry) {
    busySessions.add(entry.letter.sessionHash);
    entry.dueAt = Number.POSITIVE_INFINITY;
    const sending = send(entry).catch((error) => {
      logBroken(error);
      entry.dueAt = clock.now() + RETRY_MS_MAX;
    });
    track(entry.letter, sending).finally(() => {
      busySessions.delete(entry.letter.sessionHash);
      pump();
    });
  }

  /** @param {Entry} entry */
  async function send(entry) {
    const { letter } = entry;
    const body = entry.body ?? (await outbox.read(letter).catch(() => null));
    const sessionKey = body && readSessionKey(body);
    if (!body || !sessionKey) return dropUnreadable(entry, body !== null);

    entry.attempts++;
    const { webhookId } = letter;
    const { signal } = stopping;
    const answer = await postCallback(settings, { webhookId, body, now: clock.now(), signal });
    if (signal.aborted && answer.outcome === 'failed') return;
    const about = `session ${JSON.stringify(sessionKey)} callback ${webhookId} attempt ${entry.attempts}`;
    await settle(entry, answer, about);
  }

  /** @param {Entry} entry @param {import('./post.mjs').Answer} answer @param {string} about */
  async function settle(entry, { outcome, reason, retryAfterMs }, about) {
    if (outcome === 'delivered') {
      forget(entry);
      log.info(`delivered: ${about}: ${reason}`);
      return outbox.remove(entry.letter);
    }
    if (outcome === 'failed' && retryAfterMs > 0)
      pausedUntil = Math.max(pausedUntil, clock.now() + retryAfterMs);
    const waitMs = Math.max(retryAfterMs, pauseMs(outcome, entry.attempts));
    const isTooOld = clock.now() + waitMs > entry.letter.createdAt + LIFE_MS;
    if (outcome === 'dead' || isTooOld) return bury(entry, `${about}: ${reason}`);

    entry.dueAt = clock.now() + waitMs;
    const text = `not delivered: ${about}: ${reason}; next attempt in ${Math.round(waitMs / 1000)} s`;
    if (outcome === 'refused') log.error(text);
    else log.warn(text);
  }

  /** @param {import('./post.mjs').Outcome} outcome @param {number} attempts */
  function pauseMs(outcome, attempts) {
    const ms = outcome === 'refused' ? RETRY_MS_MAX : (RETRY_MS[attempts - 1] ?? RETRY_MS_MAX);
    // Callbacks that failed together must not come back together.
    return ms * (0.8 + 0.4 * clock.random());
  }

  /** @param {Entry} entry @param {string} about */
  async function bury(entry, about) {
    forget(entry);
    const where = entry.body
      ? 'it was only in memory and is lost'
      : `its file is now in ${outbox.folder}/dead`;
    log.error(`given up: ${about}; ${where}`);
    if (!entry.body) await outbox.bury(entry.letter);
  }

  /** @param {Entry} entry @param {boolean} isThere */
  async function dropUnreadable(entry, isThere) {
    if (isThere) return bury(entry, `${entry.letter.name}: the file is no callback`);
    forget(entry);
    log.warn(
      `${entry.letter.name} is gone from the outbox or cannot be read; it is left alone until the next start`,
    );
  }

  /** @param {Entry} entry */
  const forget = (entry) => entries.delete(entry.letter.name);

  /** @param {Letter} letter @param {Promise<void>} work */
  function track(letter, work) {
    const job = { name: letter.name, work };
    active.add(job);
    return work.finally(() => active.delete(job));
  }

  /** @param {Letter} letter @param {Buffer | null} body */
  function enter(letter, body) {
    if (entries.size >= ENTRIES_MAX) {
      hasMoreOnDisk = true;
      if (body) log.error(`callback ${letter.webhookId} is lost: neither disk nor memory has space`);
      return;
    }
    entries.set(letter.name, { letter, body, attempts: 0, dueAt: clock.now() });
  }

  /** @param {Letter} letter @param {Buffer} body */
  async function put(letter, body) {
    try {
      await outbox.store(letter, body);
      enter(letter, null);
    } catch (error) {
      log.error(`the outbox ${outbox.folder} cannot be written (${error}); trying from memory`);
      const unwritten = [...entries.values()].filter((entry) => entry.body).length;
      if (unwritten < UNWRITTEN_MAX) enter(letter, body);
      else log.error(`callback ${letter.webhookId} is lost: ${unwritten} others wait in memory already`);
    }
    pump();
  }

  async function resume() {
    hasMoreOnDisk = false;
    const letters = await outbox.list().catch((error) => {
      log.error(`the outbox ${outbox.folder} cannot be read (${error}); what waits there is not sent`);
      return [];
    });
    const activeNames = new Set([...active].map(({ name }) => name));
    const unknown = letters.filter(({ name }) => !entries.has(name) && !activeNames.has(name));
    for (const letter of unknown) enter(letter, null);
    if (unknown.length > 0) log.info(`${unknown.length} unsent callbacks in ${outbox.folder}`);
    pump();
  }

  /** @param {unknown} error */
  const logBroken = (error) => log.error(`unexpected: ${error instanceof Error ? error.stack : error}`);

  return {
    settings,

    /**
     * Takes over a report. Resolves when it is on the disk; it is posted after that.
     *
     * @param {import('./report.mjs').Report} report
     */
    take(report) {
      const letter = newLetter(report.sessionKey, clock.now());
      return track(letter, put(letter, encodeReport(report)));
    },

    /** Sends again, at once, what an earlier life of the process left in the outbox. */
    resume,

    /**
     * Ends within 4 s, at once when nothing is being written or posted. What is not delivered stays in the outbox.
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
