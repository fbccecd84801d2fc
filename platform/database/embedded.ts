import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import { StartError } from '../process/service.ts';
import { embeddedTypeParsers } from './database.ts';

/** A PostgreSQL that lives in this process and keeps its rows in a folder. */
export interface EmbeddedDatabase {
  readonly pglite: PGlite;
  close(): Promise<void>;
}

/**
 * Opens the database in a folder, made on first use. Rows survive the end of the process, however it ends.
 *
 * Throws StartError when another process has the folder open: two would destroy each other's rows,
 * and PGlite itself would not notice.
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
 * Takes a folder for this process alone.
 *
 * The lock is SQLite's lock on a file of its own, which the operating system lets go of when the process ends,
 * `kill -9` included. A file with a process id would outlive its process, and ids come round again.
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
