import type { MikroORM } from '@mikro-orm/postgresql';
import type { EventDefinition } from '../../schema/events/event.ts';
import { type Actor, systemPart } from '../identity/actor.ts';
import { backoffMs } from '../process/backoff.ts';
import type { Logger } from '../process/log.ts';
import type { Doorbell } from './doorbell.ts';
import { type LoggedEvent, readEvents, readHeads } from './event-log.ts';
import type { Transaction } from './transaction.ts';

/** What a reader does with an event of one type. It may get an event twice, so a repeat must change nothing. */
export interface Reaction<Payload = never> {
  readonly type: string;
  readonly react: (tx: Transaction, payload: Payload, event: LoggedEvent<Payload>) => Promise<unknown>;
}

/** Defines the reaction to an event. Its payload is typed by the definition of the event. */
export const on = <Payload>(
  definition: EventDefinition<Payload>,
  react: (tx: Transaction, payload: Payload, event: LoggedEvent<Payload>) => Promise<unknown>,
): Reaction<Payload> => ({ type: definition.type, react });

/** A named reader of the event log. It has a position of its own in every stream, kept under its name. */
export interface Reader {
  /** `<subgraph>.<what>`, such as `tasks.boards`. A reader with a new name starts without a position. */
  readonly name: string;
  /** Where it begins in the streams that exist at its first start. It reads every later stream from the start. */
  readonly begins: 'at-the-start' | 'now';
  readonly reactions: readonly Reaction[];
}

/**
 * A reader that keeps rows of what other subgraphs publish. When it is added to a running system, it first reads all
 * events that the log still keeps; see `RETENTION_EVENTS_DAYS`.
 */
export const projection = (name: string, reactions: readonly Reaction[]): Reader => ({
  name,
  begins: 'at-the-start',
  reactions,
});

/** A reader that acts on news. When it is added to a running system, it reads no event from before its first start. */
export const follower = (name: string, reactions: readonly Reaction[]): Reader => ({
  name,
  begins: 'now',
  reactions,
});

/** The started readers of a subgraph. */
export interface ReadersAtWork {
  /**
   * Resolves when all readers have reacted to everything committed so far, in one stream or in all. A subgraph that is
   * asked about an object that it does not know can thus make sure that the object does not exist.
   */
  catchUp(stream?: string): Promise<void>;
  close(): Promise<void>;
}

export interface ReadersOptions {
  orm: MikroORM;
  doorbell: Doorbell;
  transact<Result>(actor: Actor, work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** How often to look for events whose hint was lost. */
  sweepSeconds: number;
  log: Logger;
}

/** The wait before a stream whose reaction failed is tried again. */
const RETRY = { firstMs: 100, lastMs: 30_000 };
const STREAMS_AT_A_TIME = 4;

/**
 * Starts the readers of a subgraph. Throws when two readers have the same name, because they would share one position,
 * and when a reader has two reactions to one event, because only one of them would run.
 */
export async function startReaders(
  readers: readonly Reader[],
  options: ReadersOptions,
): Promise<ReadersAtWork> {
  requireDistinct(
    'Two readers have one name',
    readers.map(({ name }) => name),
  );
  for (const { name, reactions } of readers)
    requireDistinct(
      `${name} has two reactions to one event`,
      reactions.map(({ type }) => type),
    );
  const atWork: ReadersAtWork[] = [];
  for (const reader of readers) atWork.push(await startReader(reader, options));
  return {
    async catchUp(stream) {
      for (const reader of atWork) await reader.catchUp(stream);
    },
    async close() {
      await Promise.all(atWork.map((reader) => reader.close()));
    },
  };
}

function requireDistinct(problem: string, texts: readonly string[]): void {
  if (new Set(texts).size < texts.length) throw new Error(`${problem}: ${texts.join(', ')}`);
}

/**
 * Reacts to the events of the log, at least once to each, and in the order of each stream.
 *
 * A reaction and the reader's new position are one transaction. The doorbell wakes the reader, and a sweep every
 * `sweepSeconds` finds the events whose hint was lost. Several processes of one subgraph share the work: the row of the
 * position is their lock. While a reaction fails, its stream waits and the other streams go on: to skip the event would
 * lose it and everything that follows from it.
 */
async function startReader(
  { name, begins, reactions: list }: Reader,
  { orm, doorbell, transact, sweepSeconds, log }: ReadersOptions,
): Promise<ReadersAtWork> {
  const actor = systemPart(name);
  const reactions = new Map(list.map((reaction) => [reaction.type, reaction]));
  const types = [...reactions.keys()];
  const dirty = new Set<string>();
  const failures = new Map<string, number>();
  const resting = new Set<string>();
  const working = new Map<string, Promise<void>>();
  let isClosed = false;

  /** Reacts to the next event of a stream. Returns whether there may be more. */
  const step = (stream: string): Promise<boolean> =>
    transact(actor, async (tx) => {
      const position = await lockPosition(tx, name, stream);
      // The head is read first, so that the position cannot pass an event that is committed in between.
      const [head] = await readHeads(tx.em, [stream]);
      const [event] = await readEvents(tx.em, stream, position, 1, { types });
      const seq = event?.seq ?? head?.seq ?? position;
      if (seq <= position) return false;
      if (event) await reactions.get(event.type)!.react(tx, event.payload as never, event as never);
      await tx.em.execute('update log.reader_position set seq = ? where reader = ? and stream = ?', [
        seq,
        name,
        stream,
      ]);
      return event !== undefined;
    });

  async function drain(stream: string): Promise<void> {
    while (!isClosed && (await step(stream)));
    failures.delete(stream);
  }

  async function drainInBackground(stream: string): Promise<void> {
    try {
      await drain(stream);
    } catch (err) {
      const count = (failures.get(stream) ?? 0) + 1;
      failures.set(stream, count);
      log.error({ err, reader: name, stream, failures: count }, 'reader.failed');
      rest(stream, backoffMs(count, RETRY));
    }
  }

  function rest(stream: string, waitMs: number): void {
    resting.add(stream);
    const wakeUp = () => {
      resting.delete(stream);
      wake(stream);
    };
    setTimeout(wakeUp, waitMs).unref();
  }

  /** A stream that is woken while it is read stays in `dirty`, so that it is read again afterwards. */
  function wake(stream: string): void {
    dirty.add(stream);
    for (const each of dirty) {
      if (isClosed || working.size >= STREAMS_AT_A_TIME) return;
      if (working.has(each) || resting.has(each)) continue;
      dirty.delete(each);
      working.set(
        each,
        drainInBackground(each).finally(() => wakeNext(each)),
      );
    }
  }

  function wakeNext(finished: string): void {
    working.delete(finished);
    const [waiting] = dirty;
    if (waiting) wake(waiting);
  }

  const behind = async (): Promise<string[]> => {
    const rows: { stream: string }[] = await orm.em.fork().execute(
      `select stream.stream from log.stream as stream
       left join log.reader_position as position on position.reader = ? and position.stream = stream.stream
       where stream.last_seq > coalesce(position.seq, 0)`,
      [name],
    );
    return rows.map(({ stream }) => stream);
  };
  const sweep = async () => {
    for (const stream of await behind()) wake(stream);
  };

  await transact(actor, (tx) => register(tx, name, begins));
  const timer = setInterval(
    () => sweep().catch((err: unknown) => log.warn({ err, reader: name }, 'reader.not-swept')),
    sweepSeconds * 1000,
  );
  timer.unref();
  const unlisten = await doorbell.listen((hint) => {
    if (hint.types.some((type) => reactions.has(type))) wake(hint.stream);
  });
  await sweep();

  return {
    async catchUp(stream) {
      for (const each of stream ? [stream] : await behind()) await drain(each);
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      unlisten();
      await Promise.all(working.values());
    },
  };
}

/** Records a reader at its first start. A reader that begins now gets the heads of all streams as its positions. */
async function register({ em }: Transaction, name: string, begins: Reader['begins']): Promise<void> {
  const [isNew] = await em.execute(
    'insert into log.reader (name) values (?) on conflict do nothing returning name',
    [name],
  );
  if (!isNew || begins === 'at-the-start') return;
  await em.execute(
    `insert into log.reader_position (reader, stream, seq) select ?, stream, last_seq from log.stream
     on conflict do nothing`,
    [name],
  );
}

/** Locks the reader's position in a stream until the commit. Another process that wants it waits. */
async function lockPosition({ em, locks }: Transaction, name: string, stream: string): Promise<number> {
  locks.take('ReaderPosition');
  await em.execute(
    `insert into log.reader_position (reader, stream) select ?, stream from log.stream where stream = ?
     on conflict do nothing`,
    [name, stream],
  );
  const [row]: { seq: number }[] = await em.execute(
    'select seq::float8 as seq from log.reader_position where reader = ? and stream = ? for update',
    [name, stream],
  );
  return row?.seq ?? 0;
}
