import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { MikroORM } from '@mikro-orm/postgresql';
import { embeddedTypeParsers } from '../database/database.ts';
import { enforceLockOrder } from '../database/lock-order.ts';
import { connectDoorbell, createLocalDoorbell } from '../event-log/doorbell.ts';
import { createLog } from '../process/log.ts';
import type { Infrastructure } from '../subgraph/infrastructure.ts';

/** The two forms of the system. Each must pass the same tests. */
export type Form = 'embedded' | 'services';

/** Set by jest's project; see jest.config.mjs. */
declare const teamBoardForm: Form | undefined;
export const form: Form = typeof teamBoardForm === 'undefined' ? 'embedded' : teamBoardForm;

const TEST_DATABASE_URL = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
export const TEST_REDIS_URL = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** The log of tests. It is silent; TEST_LOG_LEVEL=debug shows it. */
export const testLog = createLog('test', process.env['TEST_LOG_LEVEL'] ?? 'silent');

/**
 * Opens an empty database for one test file, and a doorbell, in the form under test. Locks out of order fail from now on.
 * `close` closes both and drops the database.
 */
export async function openTestInfrastructure(sweepSeconds = 1): Promise<Infrastructure> {
  enforceLockOrder();
  return form === 'services' ? openServices(sweepSeconds) : openEmbedded(sweepSeconds);
}

async function openEmbedded(sweepSeconds: number): Promise<Infrastructure> {
  const pglite = await PGlite.create({ loadDataDir: await emptyDataFolder(), parsers: embeddedTypeParsers });
  return {
    source: { kind: 'embedded', pglite },
    doorbell: createLocalDoorbell(testLog),
    sweepSeconds,
    close: () => pglite.close(),
  };
}

/** The packed files of an empty database. To unpack them takes a fraction of the seconds that a new database takes. */
async function emptyDataFolder(): Promise<Blob> {
  const file = join(tmpdir(), 'team-board-empty-pglite-0.5.16.tar.gz');
  if (!existsSync(file)) {
    const pglite = await PGlite.create();
    const dump = await pglite.dumpDataDir('gzip');
    await pglite.close();
    const unfinished = `${file}.${randomUUID()}`;
    await writeFile(unfinished, Buffer.from(await dump.arrayBuffer()));
    await rename(unfinished, file);
  }
  return new Blob([await readFile(file)]);
}

async function openServices(sweepSeconds: number): Promise<Infrastructure> {
  const database = await createTestDatabase();
  const doorbell = connectDoorbell(TEST_REDIS_URL, database.name, testLog);
  return {
    source: { kind: 'server', url: database.url, connectionsMax: 8, statementTimeoutSeconds: 10 },
    doorbell,
    sweepSeconds,
    async close() {
      await doorbell.close();
      await database.drop();
    },
  };
}

/** Creates an empty database on the PostgreSQL server of the tests. */
export async function createTestDatabase() {
  const name = `team_board_test_${randomUUID().replaceAll('-', '')}`;
  await administer(`create database ${name}`);
  const url = new URL(TEST_DATABASE_URL);
  url.pathname = `/${name}`;
  return { name, url: url.toString(), drop: () => administer(`drop database ${name} with (force)`) };
}

/** Runs one statement on the PostgreSQL server of the tests, as its administrator. */
export async function administer(statement: string): Promise<void> {
  const orm = await MikroORM.init({
    clientUrl: TEST_DATABASE_URL,
    entities: [],
    discovery: { warnWhenNoEntities: false },
  });
  try {
    await orm.em.execute(statement);
  } finally {
    await orm.close();
  }
}
