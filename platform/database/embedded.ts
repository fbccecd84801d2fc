import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import { StartError } from '../process/service.ts';
import { embeddedTypeParsers } from './database.ts';

/** A PostgreSQL inside this process, which keeps its rows in a folder. */
export interface EmbeddedDatabase {
  readonly pglite: PGlite;
  close(): Promise<void>;
}

/**
 * Opens the database in a folder, which is created on first use. Rows survive the end of the process, `kill -9` included.
 *
 * Throws StartError when another process has the folder open: two processes would destroy each other's rows, and PGlite
 * does not detect it.
 */
export async function openEmbeddedDatabase(folder: string): Promise<EmbeddedDatabase> {
  mkdirSync(folder, { recursive: true });
  const unlock = lockFolder(folder);
  try {
    const pglite = await PGlite.create({ dataDir: join(folder, 'postgresql'), parsers: embeddedTypeParsers });
    return {
      pglite,
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

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Locks a folder for this process.
 *
 * The lock is SQLite's lock on a file. The operating system releases it when the process ends, `kill -9` included. A file
 * with a process id would remain after `kill -9`, and another process could later get the same id.
 */
function lockFolder(folder: string): () => void {
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
