import { existsSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../process/service.ts';

/** The folder of an embedded database. */
export interface DataFolder {
  /** The folder of PostgreSQL's own files. */
  readonly rows: string;
  /**
   * Returns why nothing may be written now, as a sentence that says what to do; undefined if writing is safe.
   *
   * It is asked before every write. A disk that fills up while PostgreSQL writes would stop the whole process: an
   * embedded PostgreSQL cannot be restarted alone.
   */
  writeProblem(): string | undefined;
  /** Says that PostgreSQL has made all its files. Until then they are removed at the next start. */
  markWhole(): void;
}

/** What a new database takes, with its first segments of the write-ahead log. */
const NEW_DATABASE_MEGABYTES = 100;
/** How long an answer about the free space is used again. A process that fills a disk needs longer for a reserve. */
const LOOK_AGAIN_MS = 250;

/** How many megabytes this user can still write to the disk of a folder. */
const readFreeMegabytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / 1_048_576);
};

/**
 * Makes an existing folder ready for an embedded database, and watches its disk.
 *
 * `reserveMegabytes` is the free space below which nothing is written. An interrupted first start leaves files that
 * PostgreSQL could never open; they hold no rows and are removed here.
 * Throws StartError, with what to do, when the folder cannot be used or its disk has too little space.
 */
export function openDataFolder(
  folder: string,
  reserveMegabytes: number,
  freeMegabytes = readFreeMegabytes,
): DataFolder {
  return explained(folder, () => {
    const rows = join(folder, 'postgresql');
    const unfinished = join(folder, 'unfinished');
    if (existsSync(unfinished)) rmSync(rows, { recursive: true, force: true });
    const isNew = !existsSync(rows);
    requireSpace(folder, freeMegabytes(folder), reserveMegabytes + (isNew ? NEW_DATABASE_MEGABYTES : 0));
    if (isNew) {
      writeFileSync(
        unfinished,
        'Team Board makes its database here. If this file stays, the first start was interrupted.\n',
      );
      mkdirSync(rows);
    }
    return {
      rows,
      writeProblem: watch(folder, rows, () => {
        const free = freeMegabytes(folder);
        return free < reserveMegabytes ? lowSpace(folder, free, reserveMegabytes) : undefined;
      }),
      markWhole: () => rmSync(unfinished, { force: true }),
    };
  });
}

function watch(
  folder: string,
  rows: string,
  findShortage: () => string | undefined,
): () => string | undefined {
  const { ino } = statSync(rows);
  let lookAgainAt = 0;
  let problem: string | undefined;
  const look = () => {
    try {
      if (statSync(rows).ino !== ino) return `The folder ${folder} was replaced. ${RESTART}`;
      return findShortage();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return code === 'ENOENT'
        ? `The folder ${folder} was removed while Team Board uses it. ${RESTART}`
        : `The folder ${folder} cannot be used (${code}).`;
    }
  };
  return () => {
    const now = performance.now();
    if (now < lookAgainAt) return problem;
    lookAgainAt = now + LOOK_AGAIN_MS;
    problem = look();
    return problem;
  };
}

const RESTART = 'Stop Team Board, restore the folder and start again.';

const lowSpace = (folder: string, free: number, needed: number) =>
  `The disk of ${folder} has ${free} MB free, and ${needed} MB must stay free. Free some space; until then nothing can be changed.`;

function requireSpace(folder: string, free: number, neededMegabytes: number): void {
  if (free >= neededMegabytes) return;
  throw new StartError(
    `The disk of ${folder} has ${free} MB free; the database needs ${neededMegabytes} MB. Free some space, or choose another folder: DATA_DIR=…`,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its disk is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'its disk is full',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
};

/** Runs a step on the folder. Turns an error of the file system into a StartError that says what to do. */
export function explained<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof StartError || code === undefined) throw error;
    throw new StartError(
      `The folder ${folder} cannot be used: ${REASONS[code] ?? (error as Error).message}. Mend that, or choose another folder: DATA_DIR=…`,
    );
  }
}
