import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * The file of an undelivered callback. The name holds all data that the delivery queue needs, so that a start after a
 * long outage opens no file. The content is exactly the bytes to post.
 *
 * @typedef {object} CallbackFile
 * @property {string} name the file name in the outbox
 * @property {number} createdAt milliseconds since 1970
 * @property {string} webhookId
 * @property {string} sessionHash identifies the session without its key
 */

const NAME = /^(\d{13})-(msg_[0-9a-f-]{36})-([0-9a-f]{16})\.json$/;
/** Team Board refuses a foreign session with our prefix at each run; these files must not fill the disk. */
const DEAD_FILES_MAX = 1000;

/**
 * Stores unsent callbacks on disk, one file each. The subfolder `dead` holds callbacks that were given up.
 *
 * @param {string} folder
 */
export function createOutbox(folder) {
  const deadFolder = path.join(folder, 'dead');
  /** @param {CallbackFile} file */
  const pathOf = (file) => path.join(folder, file.name);

  return {
    folder,

    /**
     * Stores a callback so that it survives a crash of the process and a power failure. When this resolves, the file is
     * complete and synced; until then there is no file of that name.
     *
     * @param {CallbackFile} file @param {Buffer} body
     */
    async store(file, body) {
      await mkdir(deadFolder, { recursive: true, mode: 0o700 });
      const draft = `${pathOf(file)}.tmp`;
      try {
        await writeDurably(draft, body);
        await rename(draft, pathOf(file));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await syncFolder(folder);
    },

    /** @param {CallbackFile} file */
    read: (file) => readFile(pathOf(file)),

    /** @param {CallbackFile} file */
    remove: (file) => rm(pathOf(file), { force: true }),

    /**
     * Moves a callback to `dead`, and removes the oldest files there beyond 1,000.
     *
     * @param {CallbackFile} file
     */
    async moveToDead(file) {
      await rename(pathOf(file), path.join(deadFolder, file.name));
      const names = (await readdir(deadFolder)).filter((name) => NAME.test(name)).sort();
      for (const name of names.slice(0, -DEAD_FILES_MAX))
        await rm(path.join(deadFolder, name), { force: true });
    },

    /**
     * Lists the stored callbacks, oldest first. Removes drafts, which are incomplete files of a killed process.
     *
     * @returns {Promise<CallbackFile[]>}
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
 * Creates the name and the id of a new callback.
 *
 * @param {string} sessionKey @param {number} now
 * @returns {CallbackFile}
 */
export function newCallbackFile(sessionKey, now) {
  const webhookId = `msg_${randomUUID()}`;
  const sessionHash = createHash('sha256').update(sessionKey).digest('hex').slice(0, 16);
  const name = `${String(now).padStart(13, '0')}-${webhookId}-${sessionHash}.json`;
  return { name, createdAt: now, webhookId, sessionHash };
}

/** @param {string} name @returns {CallbackFile | null} */
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
  // Windows can neither open nor sync a folder; its rename is durable.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
