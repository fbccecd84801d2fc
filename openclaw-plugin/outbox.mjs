import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * A callback that was not delivered yet. All that is known of it is in the name of its file, so a start after a long
 * outage opens no file; the content is exactly the bytes to post.
 *
 * @typedef {object} Letter
 * @property {string} name of the file in the outbox
 * @property {number} createdAt milliseconds since 1970
 * @property {string} webhookId
 * @property {string} sessionHash tells sessions apart without their key
 */

const NAME = /^(\d{13})-(msg_[0-9a-f-]{36})-([0-9a-f]{16})\.json$/;
/** A session of somebody else's that has our prefix is refused at each run; its files must not fill the disk. */
const DEAD_FILES_MAX = 1000;

/**
 * The unsent callbacks on disk, one file each; those that were given up lie in `dead/` below.
 *
 * @param {string} folder
 */
export function createOutbox(folder) {
  const deadFolder = path.join(folder, 'dead');
  /** @param {Letter} letter */
  const fileOf = (letter) => path.join(folder, letter.name);

  return {
    folder,

    /**
     * Stores a callback so that it outlives the process and the machine's power: when this resolves, the file is
     * whole and on the disk. Until then there is no file of that name.
     *
     * @param {Letter} letter @param {Buffer} body
     */
    async store(letter, body) {
      await mkdir(deadFolder, { recursive: true, mode: 0o700 });
      const draft = `${fileOf(letter)}.tmp`;
      try {
        await writeDurably(draft, body);
        await rename(draft, fileOf(letter));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await syncFolder(folder);
    },

    /** @param {Letter} letter */
    read: (letter) => readFile(fileOf(letter)),

    /** @param {Letter} letter */
    remove: (letter) => rm(fileOf(letter), { force: true }),

    /** @param {Letter} letter */
    async bury(letter) {
      await rename(fileOf(letter), path.join(deadFolder, letter.name));
      const names = (await readdir(deadFolder)).filter((name) => NAME.test(name)).sort();
      for (const name of names.slice(0, -DEAD_FILES_MAX))
        await rm(path.join(deadFolder, name), { force: true });
    },

    /**
     * The stored callbacks, the oldest first. Drafts are what a killed process left half written; they are removed.
     *
     * @returns {Promise<Letter[]>}
     */
    async list() {
      await mkdir(deadFolder, { recursive: true, mode: 0o700 });
      const names = (await readdir(folder)).sort();
      for (const name of names)
        if (name.endsWith('.json.tmp')) await rm(path.join(folder, name), { force: true });
      return names.flatMap((name) => readName(name) ?? []);
    },
  };
}

/**
 * A new callback's name and id.
 *
 * @param {string} sessionKey @param {number} now
 * @returns {Letter}
 */
export function newLetter(sessionKey, now) {
  const webhookId = `msg_${randomUUID()}`;
  const sessionHash = createHash('sha256').update(sessionKey).digest('hex').slice(0, 16);
  const name = `${String(now).padStart(13, '0')}-${webhookId}-${sessionHash}.json`;
  return { name, createdAt: now, webhookId, sessionHash };
}

/** @param {string} name @returns {Letter | null} */
function readName(name) {
  const [, createdAt, webhookId, sessionHash] = NAME.exec(name) ?? [];
  if (!createdAt || !webhookId || !sessionHash) return null;
  return { name, createdAt: Number(createdAt), webhookId, sessionHash };
}

/** @param {string} file @param {Buffer} bytes */
async function writeDurably(file, bytes) {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @param {string} folder */
async function syncFolder(folder) {
  // Windows can neither open nor sync a folder; there the rename is durable by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
