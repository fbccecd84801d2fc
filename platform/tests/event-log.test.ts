import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntityManager } from '@mikro-orm/postgresql';
import {
  appendEvents,
  type NewEvent,
  newEvent,
  readEvents,
  readHeads,
  readOldest,
} from '../event-log/event-log.ts';
import { referenceTo } from '../identity/actor.ts';
import { form } from '../testing/infrastructure.ts';
import { aStream, NoteStruck, NoteWritten, openWorld, TESTS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const WRITERS = 16;
const WRITES_EACH = 40;

const anEvent = (stream: string, text = 'a note'): NewEvent =>
  newEvent(NoteWritten, { stream, subject: randomUUID(), actor: referenceTo(TESTS), payload: { text } });

const append = (...events: NewEvent[]) => world.em().transactional((tx) => appendEvents(tx, events));

class Rollback extends Error {}

/** Spends up to 4 ms in a transaction, as work on other rows would. */
const work = (tx: EntityManager) => tx.execute('select pg_sleep(?)', [Math.random() * 0.004]);

/** Runs 16 writers at once, which roll one write in ten back. Returns the texts that were committed. */
async function writeAtOnce(write: (tx: EntityManager, text: string) => Promise<unknown>): Promise<string[]> {
  const committed: string[] = [];
  const writer = async (name: number) => {
    for (let turn = 0; turn < WRITES_EACH; turn++) {
      const text = `${name}/${turn}`;
      const isRolledBack = Math.random() < 0.1;
      await world
        .em()
        .transactional(async (tx) => {
          await work(tx);
          await write(tx, text);
          if (isRolledBack) throw new Rollback();
        })
        .then(
          () => committed.push(text),
          (error: unknown) => expect(error).toBeInstanceOf(Rollback),
        );
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  return committed;
}

/** Reads again and again what is after the newest position seen, until it is stopped, and then once more. */
function poll<Row extends { seq: number }>(read: (last: number) => Promise<Row[]>) {
  const seen: Row[] = [];
  let isOver = false;
  const look = async () => {
    seen.push(...(await read(seen.at(-1)?.seq ?? 0)));
  };
  const polling = (async () => {
    while (!isOver) await look();
  })();
  return {
    async stop(): Promise<Row[]> {
      isOver = true;
      await polling;
      await look();
      return seen;
    },
  };
}

describe('reading after the newest position seen', () => {
  test('gives every event of 16 writers exactly once, without gaps, in the order of the commits', async () => {
    const stream = aStream();
    const reader = poll((last) => readEvents(world.em(), stream, last, 1_000));

    const committed = await writeAtOnce((tx, text) => appendEvents(tx, [anEvent(stream, text)]));

    const events = await reader.stop();
    expect(events.map(({ seq }) => seq)).toEqual(committed.map((_, index) => index + 1));
    const texts = events.map(({ payload }) => (payload as { text: string }).text);
    expect(texts.toSorted()).toEqual(committed.toSorted());
    expect(committed.length).toBeLessThan(WRITERS * WRITES_EACH);
  });

  // Shows why each stream has a counter. On the one connection of the embedded database no transactions overlap.
  if (form === 'services') {
    test('a sequence would miss a row that takes its number first and commits last', async () => {
      await world.em().execute('create table lab.by_sequence (seq bigserial primary key, text text)');
      const insert = (tx: EntityManager, text: string) =>
        tx.execute('insert into lab.by_sequence (text) values (?)', [text]);
      const read = (last: number): Promise<{ seq: number; text: string }[]> =>
        world
          .em()
          .execute('select seq::int as seq, text from lab.by_sequence where seq > ? order by seq', [last]);
      const firstSeen: string[] = [];

      await world.em().transactional(async (late) => {
        await insert(late, 'took 1, commits last');
        await world.em().transactional((early) => insert(early, 'took 2, commits first'));
        firstSeen.push(...(await read(0)).map(({ text }) => text));
      });

      expect(firstSeen).toEqual(['took 2, commits first']);
      expect(await read(2)).toEqual([]);
      expect(await read(0)).toHaveLength(2);
    });
  }
});

describe('appending', () => {
  test('a rollback leaves no gap', async () => {
    const stream = aStream();
    await append(anEvent(stream));
    const rolledBack = world.em().transactional(async (tx) => {
      await appendEvents(tx, [anEvent(stream)]);
      throw new Rollback();
    });
    await expect(rolledBack).rejects.toThrow(Rollback);

    expect(await append(anEvent(stream))).toEqual([{ stream, seq: 2, types: [NoteWritten.type] }]);
  });

  test('several events of one transaction keep their order, and its hint names the last', async () => {
    const stream = aStream();

    const hints = await append(anEvent(stream, 'one'), anEvent(stream, 'two'), anEvent(stream, 'three'));

    expect(hints).toEqual([{ stream, seq: 3, types: [NoteWritten.type] }]);
    const events = await readEvents(world.em(), stream, 0, 10);
    expect(events.map(({ seq, payload }) => [seq, payload])).toEqual([
      [1, { text: 'one' }],
      [2, { text: 'two' }],
      [3, { text: 'three' }],
    ]);
  });

  test('transactions that write two streams in opposite orders do not deadlock', async () => {
    const [a, b] = [aStream(), aStream()];

    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 ? append(anEvent(a), anEvent(b)) : append(anEvent(b), anEvent(a)),
      ),
    );

    const heads = await readHeads(world.em(), [a, b, aStream()]);
    expect(heads.toSorted((x, y) => (x.stream < y.stream ? -1 : 1))).toEqual(
      [a, b].toSorted().map((stream) => ({ stream, seq: 40 })),
    );
  });

  test('a payload that does not fit its definition is refused, and nothing is written', async () => {
    const stream = aStream();
    expect(() =>
      newEvent(NoteWritten, {
        stream,
        subject: randomUUID(),
        actor: referenceTo(TESTS),
        payload: { text: 1 } as never,
      }),
    ).toThrow('expected string');

    await expect(world.write(stream, [1 as never])).rejects.toThrow('expected string');
    expect(await readHeads(world.em(), [stream])).toEqual([]);
  });

  test('a stream may have any name', async () => {
    const stream = `quotes " ' \\ { } , ${randomUUID()}`;

    await append(anEvent(stream));

    expect(await readHeads(world.em(), [stream])).toEqual([{ stream, seq: 1 }]);
  });
});

describe('reading', () => {
  test('gives only the types and the subject that are asked for, after a position, up to a limit', async () => {
    const stream = aStream();
    const [mine, other] = [randomUUID(), randomUUID()];
    await world.write(stream, ['1', '2'], { subject: mine });
    await world.write(stream, ['3'], { subject: other });
    await world.write(stream, ['4'], { subject: mine, definition: NoteStruck });
    await world.write(stream, ['5'], { subject: mine });
    const read = async (...args: [after: number, limit: number, types?: string[], subject?: string]) => {
      const [after, limit, types, subject] = args;
      const events = await readEvents(world.em(), stream, after, limit, types && { types, subject });
      return events.map(({ seq }) => seq);
    };

    expect(await read(0, 10)).toEqual([1, 2, 3, 4, 5]);
    expect(await read(1, 2)).toEqual([2, 3]);
    expect(await read(0, 10, [NoteWritten.type])).toEqual([1, 2, 3, 5]);
    expect(await read(1, 10, [NoteWritten.type], mine)).toEqual([2, 5]);
    expect(await read(0, 10, [])).toEqual([]);
    expect(await readOldest(world.em(), stream)).toBe(1);
    expect(await readOldest(world.em(), aStream())).toBeNull();
  });

  test('an event holds its type, its subject, its actor and its time', async () => {
    const stream = aStream();
    const subject = randomUUID();
    const before = Date.now();
    await world.write(stream, ['a note'], { subject });

    const [event] = await readEvents(world.em(), stream, 0, 1);

    expect(event).toMatchObject({
      stream,
      seq: 1,
      type: NoteWritten.type,
      subject,
      actor: referenceTo(TESTS),
    });
    expect(Math.abs(event!.createdAt.getTime() - before)).toBeLessThan(5_000);
  });
});
