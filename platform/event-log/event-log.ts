import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import type { EventDefinition } from '../../schema/events/event.ts';
import { asArray } from '../database/sql.ts';
import type { ActorReference } from '../identity/actor.ts';

/** An event to be appended to one stream, about one object. */
export interface NewEvent {
  stream: string;
  type: string;
  /** The id of the object that the event is about. */
  subject: string;
  actor: ActorReference;
  payload: unknown;
}

/** An event of the log. `seq` counts from 1 in each stream, without gaps, in the order of the commits. */
export interface LoggedEvent<Payload = unknown> {
  stream: string;
  seq: number;
  id: string;
  type: string;
  subject: string;
  actor: ActorReference;
  payload: Payload;
  createdAt: Date;
}

/** The newest position of a stream. */
export interface StreamHead {
  stream: string;
  seq: number;
}

/** Tells that a stream has grown to a position, by events of some types. */
export interface Hint extends StreamHead {
  types: string[];
}

/** Selects events of a stream: of some types, about one object or about any. */
export interface EventFilter {
  types: readonly string[];
  subject?: string | undefined;
}

/** Makes an event by its definition. Throws when the payload does not fit the definition: that is a bug of the caller. */
export const newEvent = <Payload>(
  definition: EventDefinition<Payload>,
  event: { stream: string; subject: string; actor: ActorReference; payload: Payload },
): NewEvent => ({ ...event, type: definition.type, payload: definition.payload.parse(event.payload) });

/**
 * Appends to the log, as the last statements before COMMIT.
 *
 * The row of a stream stays locked from here to the commit. So the order of `seq` is the order of the commits, and a
 * rollback leaves no gap. A sequence would give neither: its readers would skip rows that commit late.
 * Streams are locked in the order of their names, so that two writers of the same streams cannot deadlock.
 */
export async function appendEvents(tx: EntityManager, events: readonly NewEvent[]): Promise<Hint[]> {
  const byStream = Map.groupBy(events, ({ stream }) => stream);
  const hints: Hint[] = [];
  for (const stream of [...byStream.keys()].sort()) {
    const rows = (byStream.get(stream) ?? []).map(({ type, subject, actor, payload }) => ({
      id: uuidv7(),
      type,
      subject,
      actor,
      payload,
    }));
    const [head]: { seq: number }[] = await tx.execute(
      `with head as (
         insert into log.stream as known (stream, last_seq) values (?, ?)
         on conflict (stream) do update set last_seq = known.last_seq + excluded.last_seq
         returning last_seq
       ), written as (
         insert into log.event (stream, seq, id, type, subject, actor, payload)
         select ?, head.last_seq - ? + row.place, row.id, row.type, row.subject, row.actor, row.payload
         from head, rows from (jsonb_to_recordset(?::jsonb)
           as (id uuid, type text, subject uuid, actor jsonb, payload jsonb))
           with ordinality as row (id, type, subject, actor, payload, place)
       )
       select last_seq::float8 as seq from head`,
      [stream, rows.length, stream, rows.length, JSON.stringify(rows)],
    );
    hints.push({ stream, seq: head!.seq, types: [...new Set(rows.map(({ type }) => type))] });
  }
  return hints;
}

/** Reads the events after a position in their order, at most `limit`. With a filter, only the events that it selects. */
export async function readEvents(
  em: EntityManager,
  stream: string,
  after: number,
  limit: number,
  filter?: EventFilter,
): Promise<LoggedEvent[]> {
  const rows: (Omit<LoggedEvent, 'createdAt'> & { created_at: string })[] = await em.execute(
    `select stream, seq::float8 as seq, id, type, subject, actor, payload, created_at
     from log.event
     where stream = ? and seq > ?
       ${filter ? 'and type = any(?)' : ''} ${filter?.subject ? 'and subject = ?' : ''}
     order by seq limit ?`,
    [
      stream,
      after,
      ...(filter ? [asArray(filter.types)] : []),
      ...(filter?.subject ? [filter.subject] : []),
      limit,
    ],
  );
  return rows.map(({ created_at, ...event }) => ({ ...event, createdAt: new Date(created_at) }));
}

/** The newest positions of some streams. A stream that never had an event is left out. */
export const readHeads = (em: EntityManager, streams: readonly string[]): Promise<StreamHead[]> =>
  em.execute('select stream, last_seq::float8 as seq from log.stream where stream = any(?)', [
    asArray(streams),
  ]);

/** The position of the oldest event of a stream that is still kept; null when none is kept. */
export async function readOldest(em: EntityManager, stream: string): Promise<number | null> {
  const [row]: { seq: number | null }[] = await em.execute(
    'select min(seq)::float8 as seq from log.event where stream = ?',
    [stream],
  );
  return row?.seq ?? null;
}
