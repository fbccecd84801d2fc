import type { MikroORM } from '@mikro-orm/postgresql';
import type { Logger } from '../process/log.ts';
import { StartError } from '../process/service.ts';
import { type DatabaseSource, type MigrationList, openDatabase } from './database.ts';
import { Migration0001Log } from './migrations/0001-log.ts';
import { Migration0002ActorsAndReaders } from './migrations/0002-actors-and-readers.ts';

/** The schemas that all subgraphs share: the event log, grants and idempotency keys. */
export const PLATFORM_MIGRATIONS: MigrationList = [
  { name: '0001-log', class: Migration0001Log },
  { name: '0002-actors-and-readers', class: Migration0002ActorsAndReaders },
];

/** Any number that nothing else in the database uses as an advisory lock. */
const MIGRATION_LOCK = 7_366_091_845;

/**
 * Migrates the shared schemas and the subgraph's own schema to their newest versions.
 *
 * Processes that start together migrate one after another: the first applies the migrations, and the others find none.
 * Throws StartError, with what to do, when the database cannot be used, and when migrations are missing that the role of
 * the connection may not apply.
 */
export async function migrate(orm: MikroORM, source: DatabaseSource, log: Logger): Promise<void> {
  const platform = await openPlatform(source, log);
  try {
    await requireDatabase(platform);
    await inTurn(platform, source, async () => {
      await platform.migrator.up();
      const applied = await orm.migrator.up();
      if (applied.length > 0) log.info({ applied: applied.map(({ name }) => name) }, 'database.migrated');
    });
  } catch (error) {
    throw mayNotMigrate(error) ? new StartError(MIGRATE_FIRST) : error;
  } finally {
    await platform.close();
  }
}

/**
 * Reverts the newest migration of a subgraph, or with `to` all migrations after that one. Returns the reverted names.
 * Throws StartError when `to` was never applied, because that would revert everything.
 */
export async function migrateDown(
  orm: MikroORM,
  source: DatabaseSource,
  log: Logger,
  to?: string,
): Promise<string[]> {
  const platform = await openPlatform(source, log);
  try {
    return await inTurn(platform, source, async () => {
      if (to !== undefined) await requireApplied(orm, to);
      const reverted = await (to ? orm.migrator.down({ to }) : orm.migrator.down());
      return reverted.map(({ name }) => name);
    });
  } finally {
    await platform.close();
  }
}

/** insufficient_privilege: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const mayNotMigrate = (error: unknown): boolean => (error as { code?: unknown }).code === '42501';

const MIGRATE_FIRST =
  'The database lacks migrations, and the role of DATABASE_URL may not apply them. Run `npm run migrate -- up all` with the DATABASE_URL of the role that owns the tables, then start again.';

async function requireApplied(orm: MikroORM, name: string): Promise<void> {
  const { applied } = await readMigrations(orm);
  if (applied.includes(name)) return;
  throw new StartError(`${name} is not applied. These are: ${applied.join(', ') || 'none'}`);
}

/** The names of the migrations of a subgraph that are applied, and of those that are not, each in their order. */
export async function readMigrations(orm: MikroORM): Promise<{ applied: string[]; pending: string[] }> {
  const applied = await orm.migrator.getExecuted();
  const pending = await orm.migrator.getPending();
  return { applied: applied.map(({ name }) => name), pending: pending.map(({ name }) => name) };
}

/** Throws StartError with instructions when the database cannot be used. */
async function requireDatabase(platform: MikroORM): Promise<void> {
  try {
    await platform.em.fork().execute('select 1');
  } catch (error) {
    throw new StartError(
      `The database of DATABASE_URL cannot be used: ${(error as Error).message}. Start PostgreSQL, create the database, or correct DATABASE_URL.`,
    );
  }
}

const openPlatform = (source: DatabaseSource, log: Logger) =>
  openDatabase({ schema: 'log', entities: [], migrations: PLATFORM_MIGRATIONS, source, log });

/** Runs migrations under a lock. The embedded database needs none: it has one connection and one process. */
async function inTurn<T>(platform: MikroORM, source: DatabaseSource, work: () => Promise<T>): Promise<T> {
  if (source.kind === 'embedded') return work();
  return platform.em.transactional(async (tx) => {
    await tx.execute('set local lock_timeout = 0');
    await tx.execute('set local idle_in_transaction_session_timeout = 0');
    await tx.execute('set local statement_timeout = 0');
    await tx.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
    return work();
  });
}
