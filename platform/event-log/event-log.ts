import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import type { EventDefinition } from '../../schema/events/event.ts';
import { asArray } from '../database/sql.ts';
import type { ActorReference } from '../identity/actor.ts';

/** A fact to be written: into one stream, about one object. */
export interface NewEvent {
  stream: string;
  type: string;
  /** The id of the object that the event is about. */
  subject: string;
  actor: ActorReference;
  payload: unknown;
}

/** A fact of the log. `seq` counts from 1 in each stream, without gaps, in the order of the commits. */
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

/** Word that a stream has grown to a position, and by events of which types. */
export interface Hint extends StreamHead {
  types: string[];
}

/** Which events of a stream are wanted: some types, about one object or all. */
export interface EventFilter {
  types: readonly string[];
  subject?: string | undefined;
}

/** Makes an event of its definition. Throws when the payload does not fit: that is a mistake of the caller. */
export const newEvent = <Payload>(
  definition: EventDefinition<Payload>,
  event: { stream: string; subject: string; actor: ActorReference; payload: Payload },
): NewEvent => ({ ...event, type: definition.type, payload: definition.payload.parse(event.payload) });

/**
 * Appends to the log, as the last statements before COMMIT.
 *
 * The row of a stream stays locked from here to the commit, so the order of `seq` is the order of the commits and
 * a rollback leaves no gap. A sequence has neither: its reader skips rows that commit late.
 * Streams are locked by name, so that two writers of the same streams cannot wait for each other.
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

/** Reads events after a position in their order, at most `limit`; only those of the filter, if there is one. */
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

/** The newest positions of the streams named; those that have no events are left out. */
export const readHeads = (em: EntityManager, streams: readonly string[]): Promise<StreamHead[]> =>
  em.execute('select stream, last_seq::float8 as seq from log.stream where stream = any(?)', [
    asArray(streams),
  ]);

/** The position of a stream's oldest event that is still kept; null when there is none. */
export async function readOldest(em: EntityManager, stream: string): Promise<number | null> {
  const [row]: { seq: number | null }[] = await em.execute(
    'select min(seq)::float8 as seq from log.event where stream = ?',
    [stream],
  );
  return row?.seq ?? null;
}
