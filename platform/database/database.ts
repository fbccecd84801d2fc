import type { PGlite } from '@electric-sql/pglite';
import {
  type AnyEntity,
  type EntityClass,
  type EntitySchema,
  UniqueConstraintViolationException,
} from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { type EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { PGliteDialect } from 'kysely';
import type { Logger } from '../process/log.ts';
import { FieldTableGuard } from './field-table.ts';
import type { MigrationList } from './migrate.ts';

/** Where the rows are: a PostgreSQL server, or the one embedded in this process. */
export type DatabaseSource =
  | { kind: 'server'; url: string; connectionsMax: number; statementTimeoutSeconds: number }
  | { kind: 'embedded'; pglite: PGlite };

/** A subgraph's part of the database: its own PostgreSQL schema, named like the subgraph. */
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
 * Every ORM has a context name of its own: with the default one, two subgraphs in one process would run
 * their queries inside each other's transactions.
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

/** Bounds on every statement: a stuck query must not hold a connection, and with it the subgraph, for ever. */
const serverOptions = (schema: string, source: Extract<DatabaseSource, { kind: 'server' }>) => ({
  clientUrl: source.url,
  pool: { min: 0, max: source.connectionsMax },
  driverOptions: {
    application_name: `team-board-${schema}`,
    connectionTimeoutMillis: 5_000,
    statement_timeout: source.statementTimeoutSeconds * 1000,
    lock_timeout: source.statementTimeoutSeconds * 1000,
    idle_in_transaction_session_timeout: 10_000,
    onPoolCreated: giveBackLostConnections,
  },
});

/** What we use of pg's pool: https://node-postgres.com/apis/pool */
interface Pool {
  on(event: 'acquire', listener: (client: PoolClient) => void): void;
  on(event: 'release', listener: (error: unknown, client: PoolClient) => void): void;
}
interface PoolClient {
  once(event: 'end', listener: () => void): void;
  release(destroy: true): void;
}

/** Whoever holds a lost connection learns of it at once, from the statement under way or the next one. */
const GIVE_BACK_AFTER_MS = 1_000;

/**
 * Takes connections that were lost out of the pool although nobody gives them back.
 *
 * Kysely gives a transaction's connection back once COMMIT or ROLLBACK has succeeded. When the server is gone, or has
 * ended the session, both fail, and each such transaction would hold one of the subgraph's connections for ever.
 */
function giveBackLostConnections(pool: Pool): void {
  const held = new Set<PoolClient>();
  const known = new WeakSet<PoolClient>();
  const giveBack = (client: PoolClient) => {
    if (held.has(client)) client.release(true);
  };
  pool.on('acquire', (client) => {
    held.add(client);
    if (known.has(client)) return;
    known.add(client);
    client.once('end', () => setTimeout(() => giveBack(client), GIVE_BACK_AFTER_MS).unref());
  });
  pool.on('release', (_error, client) => held.delete(client));
}

/**
 * All subgraphs share one embedded database, which has one connection: transactions queue up.
 * So nothing may wait for another subgraph inside a transaction; it would wait for ever.
 */
const embeddedOptions = (pglite: PGlite) => ({
  dbName: 'postgres',
  driverOptions: new PGliteDialect({ pglite: sharedConnection(pglite) }),
});

/** MikroORM closes its connection when it is closed; the embedded database outlives each subgraph. */
function sharedConnection(pglite: PGlite) {
  return new Proxy(pglite, {
    get(target, property) {
      if (property === 'close') return async () => undefined;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** date, timestamp, timestamptz and interval stay text in the embedded database, as in MikroORM's own driver. */
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

/** Whether a write failed because of this unique constraint: the one sure way to learn that a value is taken. */
export const isUniqueViolation = (error: unknown, constraint: string): boolean =>
  error instanceof UniqueConstraintViolationException &&
  (error as { constraint?: string }).constraint === constraint;

/** The database's clock: the one that all processes share, so deadlines do not depend on theirs. */
export async function databaseTime(em: EntityManager): Promise<Date> {
  const [row]: { now: string }[] = await em.execute('select now() as now');
  return new Date(row!.now);
}
