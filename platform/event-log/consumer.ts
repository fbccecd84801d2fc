import type { MikroORM } from '@mikro-orm/postgresql';
import type { EventDefinition } from '../../schema/events/event.ts';
import type { Logger } from '../process/log.ts';
import type { Doorbell } from './doorbell.ts';
import { type LoggedEvent, readEvents, readHeads } from './event-log.ts';
import { type Transaction, transact } from './transaction.ts';

/** What a subgraph does when it hears of a fact. It may hear of it twice, so a repeat must change nothing. */
export interface Reaction<Payload = never> {
  readonly type: string;
  readonly react: (tx: Transaction, payload: Payload, event: LoggedEvent<Payload>) => Promise<void>;
}

/** Ties a reaction to an event, its payload typed by the definition. */
export const on = <Payload>(
  definition: EventDefinition<Payload>,
  react: (tx: Transaction, payload: Payload, event: LoggedEvent<Payload>) => Promise<void>,
): Reaction<Payload> => ({ type: definition.type, react });

/** A subgraph's reader of the log. */
export interface Consumer {
  /**
   * Reacts to everything committed so far, in one stream or in all, before it returns.
   * So a subgraph that is asked about an object it has not heard of can make sure that it does not exist.
   */
  catchUp(stream?: string): Promise<void>;
  close(): Promise<void>;
}

/** A stream whose reaction fails is tried again after 100 ms, then twice as long each time, up to 30 s. */
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 30_000;
const STREAMS_AT_A_TIME = 4;

/**
 * Reads the log for a subgraph and reacts, at least once for each event and in the order of each stream.
 *
 * An event and the reader's new position are one transaction. The doorbell wakes the reader; a sweep every
 * `sweepSeconds` finds what was missed. Several processes of one subgraph share the work: the row of the position
 * is the lock. An event whose reaction fails holds its own stream back, and no other, until it succeeds:
 * skipping it would lose it, and so would what follows from it.
 */
export async function startConsumer(options: {
  name: string;
  orm: MikroORM;
  doorbell: Doorbell;
  reactions: readonly Reaction[];
  sweepSeconds: number;
  log: Logger;
}): Promise<Consumer> {
  const { name, orm, doorbell, log } = options;
  const reactions = new Map(options.reactions.map((reaction) => [reaction.type, reaction]));
  const types = [...reactions.keys()];
  const dirty = new Set<string>();
  const failures = new Map<string, number>();
  const resting = new Set<string>();
  const working = new Map<string, Promise<void>>();
  let isClosed = false;

  /** Reacts to the next event of a stream. Returns whether there may be more. */
  const step = (stream: string): Promise<boolean> =>
    transact({ em: orm.em, doorbell, actor: `consumer:${name}` }, async (tx) => {
      const position = await lockPosition(tx, name, stream);
      // The head first: an event that is committed in between must not be passed over.
      const [head] = await readHeads(tx.em, [stream]);
      const [event] = await readEvents(tx.em, stream, position, 1, { types });
      const seq = event?.seq ?? head?.seq ?? position;
      if (seq <= position) return false;
      if (event) await reactions.get(event.type)!.react(tx, event.payload as never, event as never);
      await tx.em.execute('update log.consumer set seq = ? where name = ? and stream = ?', [
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
      log.error({ err, consumer: name, stream, failures: count }, 'consumer.failed');
      rest(stream, Math.min(RETRY_FIRST_MS * 2 ** (count - 1), RETRY_LAST_MS));
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

  /** A stream stays in `dirty` while it is being read, so a hint that comes meanwhile is not lost. */
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
       left join log.consumer as consumer on consumer.name = ? and consumer.stream = stream.stream
       where stream.last_seq > coalesce(consumer.seq, 0)`,
      [name],
    );
    return rows.map(({ stream }) => stream);
  };
  const sweep = async () => {
    for (const stream of await behind()) wake(stream);
  };
  const timer = setInterval(
    () => sweep().catch((err: unknown) => log.warn({ err, consumer: name }, 'consumer.not-swept')),
    options.sweepSeconds * 1000,
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

/** Takes the consumer's position in a stream for this transaction; another process waits for it. */
async function lockPosition({ em }: Transaction, name: string, stream: string): Promise<number> {
  await em.execute(
    `insert into log.consumer (name, stream) select ?, stream from log.stream where stream = ?
     on conflict do nothing`,
    [name, stream],
  );
  const [row]: { seq: number }[] = await em.execute(
    'select seq::float8 as seq from log.consumer where name = ? and stream = ? for update',
    [name, stream],
  );
  return row?.seq ?? 0;
}
