import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import { StartError } from '../process/service.ts';
import { type DataFolder, explained, openDataFolder } from './data-folder.ts';
import { type DatabaseSource, embeddedTypeParsers } from './database.ts';

/** A PostgreSQL inside this process, which keeps its rows in a folder. */
export interface EmbeddedDatabase {
  readonly pglite: PGlite;
  readonly source: DatabaseSource;
  close(): Promise<void>;
}

/** Free space, in megabytes, below which nothing is written: four segments of PostgreSQL's write-ahead log. */
export const DISK_RESERVE_MEGABYTES = 64;

/**
 * Opens the database in a folder, which is created on first use. Rows survive the end of the process, `kill -9` included.
 *
 * Throws StartError, with what to do, when the folder cannot be used, when it holds no whole database, and when another
 * process has it open: two processes would destroy each other's rows, and PGlite does not detect it.
 */
export async function openEmbeddedDatabase(
  path: string,
  reserveMegabytes = DISK_RESERVE_MEGABYTES,
): Promise<EmbeddedDatabase> {
  const unlock = explained(path, () => lockFolder(path));
  try {
    const folder = openDataFolder(path, reserveMegabytes);
    const pglite = await openPostgres(path, folder);
    return {
      pglite,
      source: { kind: 'embedded', pglite, writeProblem: folder.writeProblem },
      async close() {
        await pglite.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openPostgres(path: string, { rows, markWhole }: DataFolder): Promise<PGlite> {
  try {
    const pglite = await PGlite.create({ dataDir: rows, parsers: embeddedTypeParsers });
    markWhole();
    return pglite;
  } catch (error) {
    throw new StartError(
      `The database in ${path} cannot be opened (${String(error).split('\n')[0]}). Restore the folder from a copy, or choose another one: DATA_DIR=…`,
    );
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Locks a folder for this process.
 *
 * The lock is SQLite's lock on a file. The operating system releases it when the process ends, `kill -9` included. A file
 * with a process id would remain after `kill -9`, and another process could later get the same id.
 */
function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const holder = join(folder, 'lock.pid');
  const lock = new DatabaseSync(join(folder, 'lock.sqlite'));
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new StartError(
      `${folder} is in use by another Team Board${processIn(holder)}. Stop that one, or choose another folder: DATA_DIR=…`,
    );
  }
  writeFileSync(holder, String(process.pid));
  return () => lock.close();
}

function processIn(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8')})`;
  } catch {
    return '';
  }
}
