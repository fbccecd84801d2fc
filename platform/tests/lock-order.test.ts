import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LockOptions, lockAll, lockExisting, lockOne } from '../database/lock-order.ts';
import { claimCall } from '../event-log/idempotency.ts';
import type { Transaction } from '../event-log/transaction.ts';
import { aPerson } from '../testing/actors.ts';
import { form } from '../testing/infrastructure.ts';
import { countStatements } from '../testing/statements.ts';
import { until } from '../testing/wait.ts';
import { aBook, aShelf, BOOKS_DATABASE, Book, Shelf } from './books.ts';
import { Note, openWorld, TESTS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ database: BOOKS_DATABASE, locks: ['Shelf', 'Book', 'inventory'] });
});
afterAll(() => world.close());

const run = <Result>(work: (tx: Transaction) => Promise<Result>) => world.subgraph.transact(TESTS, work);

/** A shelf with books, in the order of their ids. */
async function aFullShelf(titles: readonly string[] = ['a book'], values: Partial<Book> = {}) {
  const shelf = aShelf();
  await world.em().insert(Shelf, shelf);
  const books = titles
    .map((title) => aBook(shelf.id, title, values))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await world.em().insertMany(Book, books);
  return { shelf, books, book: books[0]! };
}

describe('the order of locks', () => {
  test('lets a transaction take locks in the order of the list, and each of them again', async () => {
    const { shelf, book } = await aFullShelf();

    await run(async (tx) => {
      await lockExisting(tx, Shelf, shelf.id);
      await lockExisting(tx, Book, book.id);
      await lockExisting(tx, Book, book.id);
      tx.locks.take('inventory');
    });
  });

  test('fails a transaction that takes a lock after one that follows it in the list', async () => {
    const { shelf, book } = await aFullShelf();

    const running = run(async (tx) => {
      await lockExisting(tx, Book, book.id);
      await lockExisting(tx, Shelf, shelf.id);
    });

    await expect(running).rejects.toThrow('The lock Shelf is taken after Book; the order is ');
  });

  test('fails a transaction that takes a lock which is not in the list', async () => {
    const running = run((tx) => lockOne(tx, Note, { id: randomUUID() }));

    await expect(running).rejects.toThrow('The lock Note is not in the lock order: ');
  });

  test("puts the platform's own locks before those of the subgraph", async () => {
    const { book } = await aFullShelf();
    const call = { verb: 'bookLend', key: randomUUID(), input: {} };

    const running = world.subgraph.transact(aPerson(), async (tx) => {
      await lockExisting(tx, Book, book.id);
      await claimCall(tx, call);
    });

    await expect(running).rejects.toThrow('The lock IdempotencyKey is taken after Book');
  });

  test('begins anew in each transaction', async () => {
    const { shelf, book } = await aFullShelf();

    await run((tx) => lockExisting(tx, Book, book.id));
    await run((tx) => lockExisting(tx, Shelf, shelf.id));
  });

  test('is the same for all actors of one transaction', async () => {
    const { shelf, book } = await aFullShelf();

    const running = run(async (tx) => {
      await lockExisting(tx, Book, book.id);
      await lockExisting(tx.actingAs(aPerson()), Shelf, shelf.id);
    });

    await expect(running).rejects.toThrow('The lock Shelf is taken after Book');
  });
});

describe('a locked row', () => {
  test('is the first of its filter in the order that is asked for, or null', async () => {
    const { shelf } = await aFullShelf(['b', 'a', 'c']);

    await run(async (tx) => {
      expect(await lockOne(tx, Book, { shelfId: shelf.id }, { orderBy: { title: 'desc' } })).toMatchObject({
        title: 'c',
      });
      expect(await lockOne(tx, Book, { shelfId: randomUUID() })).toBeNull();
    });
  });

  test('that is known to exist and does not is a fault that names it', async () => {
    const id = randomUUID();
    await expect(run((tx) => lockExisting(tx, Book, id))).rejects.toThrow(
      `Book ${id} is referred to but does not exist`,
    );
  });

  test('comes with all rows of its filter, in the order of their ids', async () => {
    const { shelf, books } = await aFullShelf(['a', 'b', 'c', 'd']);

    const locked = await run((tx) => lockAll(tx, Book, { shelfId: shelf.id }));

    expect(locked.map(({ id }) => id)).toEqual(books.map(({ id }) => id));
  });

  test('is as it is now, also where the transaction has read it before and a value has become null', async () => {
    const { book } = await aFullShelf(['before'], { borrower: 'Ada', dueAt: new Date() });

    await run(async (tx) => {
      const read = await tx.em.findOneOrFail(Book, { id: book.id });
      await tx.em.execute('update lab.book set title = ?, borrower = null, due_at = null where id = ?', [
        'now',
        book.id,
      ]);

      expect(await lockExisting(tx, Book, book.id)).toBe(read);
      expect(read).toMatchObject({ title: 'now', borrower: null, dueAt: null });
    });
  });

  test('keeps changes that are not saved yet, while the other rows are as they are now', async () => {
    const { shelf, books } = await aFullShelf(['a', 'b'], { borrower: 'Ada' });

    const locked = await run(async (tx) => {
      const [changed, other] = await lockAll(tx, Book, { shelfId: shelf.id });
      changed!.title = 'not saved';
      await tx.em.execute('update lab.book set borrower = null where id = ?', [other!.id]);
      return lockAll(tx, Book, { shelfId: shelf.id });
    });

    expect(locked).toMatchObject([
      { id: books[0]!.id, title: 'not saved', borrower: 'Ada' },
      { id: books[1]!.id, borrower: null },
    ]);
    expect(await world.em().findOneOrFail(Book, { id: books[0]!.id })).toMatchObject({
      title: 'not saved',
      version: 2,
    });
  });

  test('of a filter over another table leaves the rows of that table unlocked', async () => {
    await aFullShelf(['a']);
    const ofCellar = { shelfId: { room: 'cellar' } } as never;

    const { statements } = await countStatements(world.subgraph.orm, () =>
      run((tx) => lockAll(tx, Book, ofCellar)),
    );

    expect(statements).toContainEqual(
      expect.stringMatching(/join "lab"."shelf" as "s1" .* for update of "b0"$/),
    );
  });
});

if (form === 'services') {
  describe('a lock', () => {
    /** Holds a lock on a book until `release` is called; `isHeld` tells whether another transaction had to wait. */
    async function hold(id: string, options?: LockOptions<Book>) {
      const locked = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const holding = run(async (tx) => {
        await lockOne(tx, Book, { id }, options);
        locked.resolve();
        await released.promise;
      });
      await locked.promise;
      return {
        async release() {
          released.resolve();
          await holding;
        },
      };
    }

    const waiting = async () => {
      const [row]: { count: number }[] = await world.em().execute(
        `select count(*)::int as count from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row!.count;
    };

    test('makes others wait who want to lock the same row', async () => {
      const { book } = await aFullShelf();
      const { release } = await hold(book.id);
      let isLocked = false;

      const other = run((tx) => lockExisting(tx, Book, book.id)).then(() => {
        isLocked = true;
      });
      await until('the other waits', async () => (await waiting()) === 1);

      expect(isLocked).toBe(false);
      await release();
      await other;
    });

    test('that is shared lets others share it, and makes those wait who want to change the row', async () => {
      const { book } = await aFullShelf();
      const { release } = await hold(book.id, { isShared: true });

      await run((tx) => lockOne(tx, Book, { id: book.id }, { isShared: true }));
      const other = run((tx) => lockExisting(tx, Book, book.id));
      await until('the other waits', async () => (await waiting()) === 1);

      await release();
      await other;
    });

    test('on all rows of a filter cannot deadlock with another on some of them', async () => {
      const { shelf, books } = await aFullShelf(Array.from({ length: 20 }, (_, n) => `book ${n}`));
      const some = books.filter((_, n) => n % 2).map(({ id }) => id);
      let tries = 0;

      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          run((tx) => {
            tries++;
            return lockAll(tx, Book, n % 2 ? { shelfId: shelf.id } : { id: { $in: some.toReversed() } });
          }),
        ),
      );

      expect(tries).toBe(20); // a transaction that was in a deadlock is tried again
    });
  });
}
