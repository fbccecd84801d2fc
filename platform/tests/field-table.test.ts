import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyChanges, defineFieldTable } from '../database/field-table.ts';
import type { Transaction } from '../event-log/transaction.ts';
import { aBook, aShelf, BOOKS_DATABASE, Book, Shelf } from './books.ts';
import { openWorld, TESTS, type World } from './world.ts';

const BOOK_FIELDS = defineFieldTable(Book, {
  title: { apiNames: ['title'] },
  borrower: { apiNames: ['borrower', 'isLent'] },
  tags: { apiNames: ['tags'] },
  details: { apiNames: ['details'] },
  dueAt: { apiNames: ['dueAt'] },
});

/** An entity of the same name in another subgraph, with another table. */
const OtherBook = { Book: class Book {} }.Book;
defineFieldTable<{ loans: number }, object>(OtherBook as never, {});

let world: World;
beforeAll(async () => {
  world = await openWorld({ database: BOOKS_DATABASE });
});
afterAll(() => world.close());

const values = () => ({
  borrower: 'Ada',
  tags: ['a', 'b'],
  details: { pages: 10, chapters: ['one'] },
  dueAt: new Date('2026-01-01T00:00:00.123Z'),
});

async function aStoredBook(): Promise<string> {
  const shelf = aShelf();
  await world.em().insert(Shelf, shelf);
  const book = aBook(shelf.id, 'a book', values());
  await world.em().insert(Book, book);
  return book.id;
}

/** Changes a stored book in a transaction. */
const change = (id: string, work: (book: Book, tx: Transaction) => unknown) =>
  world.subgraph.transact(TESTS, async (tx) => {
    const book = await tx.em.findOneOrFail(Book, { id });
    return work(book, tx);
  });
const stored = (id: string) => world.em().findOneOrFail(Book, { id });

describe('a flush', () => {
  test('writes what is in the table, with the version and the time of the change', async () => {
    const id = await aStoredBook();
    const before = await stored(id);

    await change(id, (book) => {
      book.title = 'another title';
    });

    const after = await stored(id);
    expect(after).toMatchObject({ title: 'another title', version: before.version + 1 });
    expect(after.updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime() - 1);
  });

  test.each([
    [
      'set on the row',
      (book: Book) => {
        book.loans = 7;
      },
    ],
    ['assigned to the row', (book: Book, { em }: Transaction) => em.assign(book, { loans: 7, title: 'x' })],
    [
      'set among changes of the table',
      (book: Book) => {
        applyChanges(book, BOOK_FIELDS, { title: 'x' });
        book.loans = 7;
      },
    ],
  ])('fails when a property outside the table was %s, and nothing is stored', async (_how, work) => {
    const id = await aStoredBook();

    await expect(change(id, work)).rejects.toThrow(
      'Book.loans changed, and is in no table of changeable fields',
    );

    expect(await stored(id)).toMatchObject({ title: 'a book', loans: 0, version: 1 });
  });

  test('of a new row may set every property', async () => {
    const shelf = aShelf();
    await world.em().insert(Shelf, shelf);

    const { id } = await world.subgraph.transact(TESTS, async ({ em }) =>
      em.create(Book, { ...aBook(shelf.id, 'new'), loans: 7 }),
    );

    expect(await stored(id)).toMatchObject({ loans: 7 });
  });

  test('changes every property of an entity without a table', async () => {
    const shelf = aShelf();
    await world.em().insert(Shelf, shelf);

    await world.subgraph.transact(TESTS, async ({ em }) => {
      const row = await em.findOneOrFail(Shelf, { id: shelf.id });
      row.room = 'attic';
    });

    expect(await world.em().count(Shelf, { id: shelf.id, room: 'attic' })).toBe(1);
  });
});

describe('changes', () => {
  test('set the row, and are told with the values before and after', async () => {
    const id = await aStoredBook();

    const changed = await change(id, (book) =>
      applyChanges(book, BOOK_FIELDS, { title: 'now', borrower: null, tags: ['c'] }),
    );

    expect(changed).toEqual([
      { property: 'title', before: 'a book', after: 'now' },
      { property: 'borrower', before: 'Ada', after: null },
      { property: 'tags', before: ['a', 'b'], after: ['c'] },
    ]);
    expect(await stored(id)).toMatchObject({ title: 'now', borrower: null, tags: ['c'] });
  });

  test('to equal values are none, whatever their type, and make no new version', async () => {
    const id = await aStoredBook();

    const changed = await change(id, (book) =>
      applyChanges(book, BOOK_FIELDS, { ...values(), title: 'a book' }),
    );

    expect(changed).toEqual([]);
    expect(await stored(id)).toMatchObject({ version: 1 });
  });

  test('that are undefined leave the row as it is, and null for null is no change', async () => {
    const id = await aStoredBook();
    await change(id, (book) => applyChanges(book, BOOK_FIELDS, { dueAt: null }));

    const changed = await change(id, (book) =>
      applyChanges(book, BOOK_FIELDS, { title: undefined, dueAt: null }),
    );

    expect(changed).toEqual([]);
    expect(await stored(id)).toMatchObject({ title: 'a book', dueAt: null, version: 2 });
  });

  test.each(['loans', 'constructor', 'id'])(
    'of %s, which is not in the table, are a fault',
    async (property) => {
      const id = await aStoredBook();

      const changing = change(id, (book) =>
        applyChanges(book, BOOK_FIELDS, { [property]: randomUUID() } as never),
      );

      await expect(changing).rejects.toThrow(`Book.${property} is in no table of changeable fields`);
    },
  );
});
