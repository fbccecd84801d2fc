import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineEvent } from '../../schema/events/event.ts';
import type { LoggedEvent } from '../event-log/event-log.ts';
import { keep } from '../event-log/keep.ts';
import { projection } from '../event-log/readers.ts';
import { countStatements } from '../testing/statements.ts';
import { aShelf, BOOKS_DATABASE, Book, Shelf } from './books.ts';
import { aStream, openWorld, TESTS, type World } from './world.ts';

const Details = z.object({ pages: z.int(), chapters: z.array(z.string()) });
const BookChanged = defineEvent(
  'lab.book-changed.v1',
  z.object({
    bookId: z.uuid(),
    shelfId: z.uuid(),
    title: z.string(),
    borrower: z.string().nullable(),
    tags: z.array(z.string()),
    details: Details.nullable(),
    dueAt: z.iso.datetime().nullable(),
  }),
);
type BookChange = z.infer<typeof BookChanged.payload>;

const keepBook = keep(BookChanged, Book, ({ bookId, dueAt, ...book }, { createdAt }) => ({
  ...book,
  id: bookId,
  dueAt: dueAt ? new Date(dueAt) : null,
  updatedAt: createdAt,
}));

let world: World;
const shelf = aShelf();
beforeAll(async () => {
  world = await openWorld({ database: BOOKS_DATABASE, readers: [projection('lab.books', [keepBook])] });
  await world.em().insert(Shelf, shelf);
});
afterAll(() => world.close());

const aChange = (values: Partial<BookChange> = {}): BookChange => ({
  bookId: randomUUID(),
  shelfId: shelf.id,
  title: 'a book',
  borrower: 'Ada',
  tags: ['a', '"quoted", {odd}'],
  details: { pages: 10, chapters: ['one', `it's "two"`] },
  dueAt: '2026-01-01T00:00:00.123Z',
  ...values,
});

const publish = (change: BookChange) =>
  world.subgraph.transact(TESTS, async (tx) =>
    tx.publish(BookChanged, { stream: aStream(), subject: change.bookId, payload: change }),
  );

const anEvent = { createdAt: new Date() } as LoggedEvent<BookChange>;
const react = (change: BookChange) =>
  world.subgraph.transact(TESTS, (tx) => keepBook.react(tx, change, anEvent));

/** What the projection has made of a book. */
async function kept({ bookId }: BookChange) {
  await world.subgraph.catchUp();
  const { shelfId, title, borrower, tags, details, dueAt, loans } = await world
    .em()
    .findOneOrFail(Book, { id: bookId });
  return { shelfId, title, borrower, tags, details, dueAt: dueAt?.toJSON() ?? null, loans };
}
const asRow = ({ bookId: _, ...change }: BookChange, loans = 0) => ({ ...change, loans });

describe('a kept row', () => {
  test('holds what the event says, and defaults of the database where it says nothing', async () => {
    const change = aChange();

    await publish(change);

    expect(await kept(change)).toEqual(asRow(change));
  });

  test('follows the newest event, also where a value becomes null or empty', async () => {
    const change = aChange();
    await publish(change);
    const newer = { ...change, title: 'renamed', borrower: null, tags: [], details: null, dueAt: null };

    await publish(newer);

    expect(await kept(change)).toEqual(asRow(newer));
  });

  test('keeps the columns that no event of this line tells', async () => {
    const change = aChange();
    await publish(change);
    await kept(change);
    await world.em().nativeUpdate(Book, { id: change.bookId }, { loans: 7 });

    await publish({ ...change, title: 'renamed' });

    expect(await kept(change)).toEqual(asRow({ ...change, title: 'renamed' }, 7));
  });

  test('is the same after a repeat of the event', async () => {
    const change = aChange();
    await publish(change);
    const first = await kept(change);

    await world.em().execute('update log.reader_position set seq = 0');

    expect(await kept(change)).toEqual(first);
  });

  test('is written by one statement, for a new row and for a known one', async () => {
    const change = aChange();
    const { statements } = await countStatements(world.subgraph.orm, async () => {
      for (const title of ['new', 'known']) await react({ ...change, title });
    });

    const written = statements.filter((statement) => !/^(begin|commit)$/.test(statement));
    expect(written).toEqual(
      Array(2).fill(expect.stringMatching(/^insert into .* on conflict \("id"\) do update/)),
    );
  });

  test('is seen by the transaction that writes it, also in a row that it has read before', async () => {
    const change = aChange();
    await react(change);

    const read = await world.subgraph.transact(TESTS, async (tx) => {
      const book = await tx.em.findOneOrFail(Book, { id: change.bookId });
      await keepBook.react(tx, { ...change, borrower: null, tags: ['new'] }, anEvent);
      return book;
    });

    expect(read).toMatchObject({ borrower: null, tags: ['new'] });
    expect(await kept(change)).toEqual(asRow({ ...change, borrower: null, tags: ['new'] }));
  });

  test('may be nothing but an id', async () => {
    const keepShelf = keep(BookChanged, Shelf, ({ shelfId }) => ({ id: shelfId }));
    const change = aChange({ shelfId: randomUUID() });

    for (let times = 0; times < 2; times++)
      await world.subgraph.transact(TESTS, (tx) => keepShelf.react(tx, change, anEvent));

    expect(await world.em().count(Shelf, { id: change.shelfId })).toBe(1);
  });
});
