import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { type Actor, systemPart } from '../identity/actor.ts';
import type { SubgraphConfig } from '../process/config.ts';
import type { Logger } from '../process/log.ts';
import { startLoop } from '../process/loop.ts';
import type { Transaction } from './transaction.ts';

/** Rows of a subgraph's own table that are removed after some days. */
export interface RetentionRule {
  /** A table of the subgraph's schema. No row that is kept may refer to a row that is removed. */
  readonly table: string;
  /** A column of the table that holds a time. An index must begin with it. */
  readonly timeColumn: string;
  readonly days: number;
}

export interface RetentionOptions {
  /** The subgraph, which is also the name of its schema. */
  name: string;
  orm: MikroORM;
  transact<Result>(actor: Actor, work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  log: Logger;
  /** How long the tables that all subgraphs share keep their rows. */
  config: Pick<SubgraphConfig, 'RETENTION_EVENTS_DAYS' | 'RETENTION_IDEMPOTENCY_HOURS'>;
  rules: readonly RetentionRule[];
}

/** How many rows were removed, by what they were. */
export type Removed = Readonly<Record<string, number>>;

/** A transaction removes at most this many rows, so that it holds its locks for milliseconds. */
const BATCH_ROWS = 1_000;
const EVERY_SECONDS = 600;

/** Removes expired rows now, and then every 10 minutes. `close` waits for the batch in progress. */
export function startRetention(options: RetentionOptions): { close(): Promise<void> } {
  const abort = new AbortController();
  const work = async () => {
    const removed = await removeExpired(options, abort.signal);
    if (Object.values(removed).some((rows) => rows > 0)) options.log.info({ removed }, 'retention.removed');
  };
  const loop = startLoop('retention', EVERY_SECONDS, work, options.log);
  return {
    async close() {
      abort.abort();
      await loop.close();
    },
  };
}

/**
 * Removes rows that are older than the settings and the rules allow, in batches of 1,000, until `signal` is aborted.
 * Several processes may do so at once: none waits for another. The database's clock decides how old a row is.
 *
 * The log loses only events at the beginning of a stream, and no event that a known reader has not read. A cursor before
 * the first kept event is answered with a StreamReset; see `StreamHub`.
 */
export async function removeExpired(options: RetentionOptions, signal?: AbortSignal): Promise<Removed> {
  const { name, orm, transact, config, rules } = options;
  const eventDays = config.RETENTION_EVENTS_DAYS;

  const inBatches = async (removeBatch: (tx: Transaction) => Promise<number>): Promise<number> => {
    let total = 0;
    for (let rows = BATCH_ROWS; rows === BATCH_ROWS && !signal?.aborted; total += rows) {
      rows = await transact(systemPart(`${name}.retention`), removeBatch);
    }
    return total;
  };

  let events = 0;
  for (const stream of await readExpiredStreams(orm.em.fork(), eventDays)) {
    events += await inBatches((tx) => removeEvents(tx, stream, eventDays));
  }
  const keys = {
    table: 'log.idempotency',
    timeColumn: 'created_at',
    hours: config.RETENTION_IDEMPOTENCY_HOURS,
  };
  const removed: Record<string, number> = {
    events,
    idempotencyKeys: await inBatches((tx) => removeRows(tx, keys)),
  };
  for (const { table, timeColumn, days } of rules) {
    const own = { table: `${name}.${table}`, timeColumn, hours: days * 24 };
    removed[table] = await inBatches((tx) => removeRows(tx, own));
  }
  await warnOfSlowReaders(options);
  return removed;
}

/** The oldest event of each stream, if it is older than a number of days. */
const EXPIRED_STREAMS = `
  from log.stream as stream cross join lateral (
    select seq, created_at from log.event as event where event.stream = stream.stream order by seq limit 1
  ) as oldest
  where oldest.created_at < now() - make_interval(days => ?)`;

async function readExpiredStreams(em: EntityManager, days: number): Promise<string[]> {
  const rows: { stream: string }[] = await em.execute(`select stream.stream ${EXPIRED_STREAMS}`, [days]);
  return rows.map(({ stream }) => stream);
}

/**
 * Removes the oldest events of a stream, before the first one that is young enough or that a reader has not read.
 *
 * Age alone does not decide: an event of a long transaction may be older than the event before it, and a gap in a stream
 * would be an event that followers lose without a StreamReset.
 */
async function removeEvents({ em, locks }: Transaction, stream: string, days: number): Promise<number> {
  locks.take('Retention');
  const [lock]: { is_ours: boolean }[] = await em.execute(
    "select pg_try_advisory_xact_lock(hashtextextended('log.retention', 0)) as is_ours",
  );
  if (!lock?.is_ours) return 0;
  const removed: unknown[] = await em.execute(
    `with oldest as (
       select seq, created_at < now() - make_interval(days => ?) as is_expired
       from log.event where stream = ? order by seq limit ?
     ), expired as (
       select coalesce(min(seq) filter (where not is_expired) - 1, max(seq)) as seq from oldest
     ), passed as (
       select min(coalesce(position.seq, 0)) as seq from log.reader as reader
       left join log.reader_position as position on position.reader = reader.name and position.stream = ?
     )
     delete from log.event where stream = ? and seq <= (select least(expired.seq, passed.seq) from expired, passed)
     returning seq`,
    [days, stream, BATCH_ROWS, stream, stream],
  );
  return removed.length;
}

/** Removes the oldest rows of a table. It leaves rows that another transaction has locked. */
async function removeRows(
  { em, locks }: Transaction,
  { table, timeColumn, hours }: { table: string; timeColumn: string; hours: number },
): Promise<number> {
  locks.take('Retention');
  const removed: unknown[] = await em.execute(
    `delete from ${table} where ctid = any(array(
       select ctid from ${table} where ${timeColumn} < now() - make_interval(hours => ?)
       order by ${timeColumn} limit ? for update skip locked))
     returning ${timeColumn}`,
    [hours, BATCH_ROWS],
  );
  return removed.length;
}

/** Warns of readers because of which expired events are kept: they fail, or no process runs them any more. */
async function warnOfSlowReaders({ orm, log, config }: RetentionOptions): Promise<void> {
  const readers: { name: string }[] = await orm.em.fork().execute(
    `select distinct name from log.reader as reader cross join lateral (
       select stream.stream, oldest.seq ${EXPIRED_STREAMS}
     ) as expired
     left join log.reader_position as position on position.reader = reader.name and position.stream = expired.stream
     where coalesce(position.seq, 0) < expired.seq`,
    [config.RETENTION_EVENTS_DAYS],
  );
  if (readers.length > 0) log.warn({ readers: readers.map(({ name }) => name) }, 'retention.held-back');
}
