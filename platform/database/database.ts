import type { PGlite } from '@electric-sql/pglite';
import {
  type AnyEntity,
  type EntityClass,
  type EntitySchema,
  type MigrationObject,
  UniqueConstraintViolationException,
} from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { type EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { PGliteDialect } from 'kysely';
import type { Logger } from '../process/log.ts';
import { FieldTableGuard } from './field-table.ts';
import { type Pool, type PoolClient, sharePool } from './shared-pool.ts';

/** The migrations of a subgraph in their order. A name must never change, because the database records it. */
export type MigrationList = readonly MigrationObject[];

/** Where the rows are: on a PostgreSQL server, or in the database embedded in this process. */
export type DatabaseSource =
  | { kind: 'server'; url: string; connectionsMax: number; statementTimeoutSeconds: number }
  | { kind: 'embedded'; pglite: PGlite; writeProblem?: () => string | undefined };

/** Why nothing may be written to an embedded database now, as a sentence for its operator; undefined if it may. */
export const writeProblem = (source: DatabaseSource): string | undefined =>
  source.kind === 'embedded' ? source.writeProblem?.() : undefined;

/** A subgraph's part of the database. Its PostgreSQL schema has the name of the subgraph. */
export interface DatabaseOptions {
  schema: string;
  entities: (string | EntityClass<AnyEntity> | EntitySchema)[];
  migrations: MigrationList;
  source: DatabaseSource;
  log: Logger;
}

/**
 * Opens a subgraph's part of the database, without migrating it.
 *
 * Every ORM has its own context name. With the default name, two subgraphs of one process would run their queries
 * inside each other's transactions.
 */
export const openDatabase = ({
  schema,
  entities,
  migrations,
  source,
  log,
}: DatabaseOptions): Promise<MikroORM> =>
  MikroORM.init({
    contextName: schema,
    schema,
    entities,
    extensions: [Migrator],
    migrations: { tableName: 'migration', migrationsList: [...migrations], snapshot: false },
    subscribers: [new FieldTableGuard()],
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false, // a misspelt name must not become an empty database
    forceUtcTimezone: true,
    logger: (message) => log.debug({ message }, 'database.said'),
    ...(source.kind === 'server' ? serverOptions(schema, source) : embeddedOptions(source.pglite)),
  });

/**
 * The settings that this code relies on. A server, a database or a role may have other defaults, with which times would
 * be read wrongly, or transactions would fail. These win over them, because the client of a session sets them.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  client_min_messages: 'notice',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
};

/** The settings in the form of `options` at the start of a session: https://www.postgresql.org/docs/current/libpq-connect.html */
const sessionOptions = Object.entries(SESSION_SETTINGS)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

/** Bounds every statement, so that a stuck query cannot hold a connection for ever. */
const serverOptions = (schema: string, source: Extract<DatabaseSource, { kind: 'server' }>) => ({
  clientUrl: source.url,
  pool: { min: 0, max: source.connectionsMax },
  driverOptions: {
    application_name: `team-board-${schema}`,
    options: sessionOptions,
    connectionTimeoutMillis: 5_000,
    statement_timeout: source.statementTimeoutSeconds * 1000,
    lock_timeout: source.statementTimeoutSeconds * 1000,
    idle_in_transaction_session_timeout: 10_000,
    onPoolCreated: (pool: Pool) => {
      releaseLostConnections(pool);
      sharePool(pool, source.connectionsMax);
    },
  },
});

/** Long enough for the transaction to fail first: its current or next statement reports the lost connection. */
const RELEASE_AFTER_MS = 1_000;

/**
 * Removes lost connections from the pool.
 *
 * Kysely releases the connection of a transaction after COMMIT or ROLLBACK has succeeded. When the server has ended the
 * session, both fail, and each such transaction would keep one of the subgraph's connections for ever.
 */
function releaseLostConnections(pool: Pool): void {
  const held = new Set<PoolClient>();
  const known = new WeakSet<PoolClient>();
  const release = (client: PoolClient) => {
    if (held.has(client)) client.release(true);
  };
  pool.on('acquire', (client) => {
    held.add(client);
    if (known.has(client)) return;
    known.add(client);
    client.once('end', () => setTimeout(() => release(client), RELEASE_AFTER_MS).unref());
  });
  pool.on('release', (_error, client) => held.delete(client));
}

/**
 * All subgraphs share the one connection of the embedded database, so their transactions run one after another. A
 * transaction that waited for another subgraph would wait for ever.
 */
const embeddedOptions = (pglite: PGlite) => ({
  dbName: 'postgres',
  driverOptions: new PGliteDialect({ pglite: sharedConnection(pglite) }),
});

/** Hides `close`: MikroORM closes its connection with itself, but the embedded database outlives each subgraph. */
function sharedConnection(pglite: PGlite) {
  return new Proxy(pglite, {
    get(target, property) {
      if (property === 'close') return async () => undefined;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Keeps date, timestamp, timestamptz and interval as text, as MikroORM's own driver does. */
export const embeddedTypeParsers = Object.fromEntries(
  [1082, 1114, 1184, 1186].map((typeOid) => [typeOid, (text: string) => text]),
);

/** Whether the database answers. */
export async function isDatabaseReady(orm: MikroORM): Promise<boolean> {
  try {
    await orm.em.fork().execute('select 1');
    return true;
  } catch {
    return false;
  }
}

/** Whether a write failed because of this unique constraint. Only this tells for certain that a value is taken. */
export const isUniqueViolation = (error: unknown, constraint: string): boolean =>
  error instanceof UniqueConstraintViolationException &&
  (error as { constraint?: string }).constraint === constraint;

/** The time of the database, which all processes share. Their own clocks may differ. */
export async function databaseTime(em: EntityManager): Promise<Date> {
  const [row]: { now: string }[] = await em.execute('select now() as now');
  return new Date(row!.now);
}
