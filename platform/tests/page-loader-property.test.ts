import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FilterQuery } from '@mikro-orm/core';
import fc from 'fast-check';
import type { ListOrder } from '../database/list.ts';
import { type PageArguments, readPage } from '../database/page.ts';
import { createPageLoader } from '../database/page-loader.ts';
import { aCard, Card, insertBoard, type Lists, openLists } from './lists.ts';

let lists: Lists;
beforeAll(async () => {
  lists = await openLists();
});
afterAll(() => lists.close());

interface Asked {
  count: number | null;
  isBackward: boolean;
  after: number | null;
  before: number | null;
}

describe('a page of the loader is the page of readPage', () => {
  const ORDERS: ListOrder<Card>[] = [
    { rank: 'asc', id: 'asc' },
    { rank: 'desc', id: 'desc' },
    { dueAt: 'asc', id: 'desc' },
    { dueAt: 'desc', id: 'asc' },
    { title: 'asc', dueAt: 'desc', id: 'asc' },
    { code: 'desc', id: 'asc' },
    { writtenAt: 'desc', title: 'asc', id: 'asc' },
  ];
  const time = fc.integer({ min: 0, max: 2 }).map((ms) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, ms)));
  const card = fc.record({
    parent: fc.nat({ max: 2 }),
    rank: fc.nat({ max: 2 }),
    code: fc.constantFrom('a', 'b'),
    title: fc.constantFrom('a', 'b', ''),
    dueAt: fc.option(time),
    writtenAt: time,
  });
  /** `after` and `before` choose one of the cursors of all rows. */
  const request: fc.Arbitrary<Asked> = fc.record({
    count: fc.option(fc.integer({ min: 1, max: 8 })),
    isBackward: fc.boolean(),
    after: fc.option(fc.nat()),
    before: fc.option(fc.nat()),
  });

  test('for all rows, parents, orders and arguments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(card, { maxLength: 25 }),
        fc.constantFrom(...ORDERS),
        fc.array(request, { minLength: 1, maxLength: 4 }),
        fc.constantFrom<FilterQuery<Card>>({}, { rank: { $lte: 1 } }, { dueAt: null }),
        async (cards, orderBy, requests, where) => {
          const boards = await insertBoards(cards);
          const em = lists.em();
          const load = createPageLoader(em, Card, { parent: 'boardId', where, orderBy });
          const read = (boardId: string, args: PageArguments) =>
            readPage(lists.em(), Card, { boardId, ...(where as object) }, orderBy, args);
          const cursors = (await Promise.all(boards.map((id) => read(id, {})))).flatMap(({ edges }) =>
            edges.map(({ cursor }) => cursor),
          );
          for (const args of requests.map((one) => argumentsOf(one, cursors))) {
            const loaded = await Promise.all(boards.map((id) => load(id, args)));
            expect(loaded).toEqual(await Promise.all(boards.map((id) => read(id, args))));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  /** Inserts rows of three parents. */
  async function insertBoards(cards: { parent: number }[]): Promise<string[]> {
    const boards = await Promise.all([0, 1, 2].map(() => insertBoard(lists.em())));
    const rows = cards.map(({ parent, ...columns }) => ({ ...aCard(boards[parent]!), ...columns }));
    if (rows.length > 0) await lists.em().insertMany(Card, rows);
    return boards;
  }

  function argumentsOf(
    { count, isBackward, after, before }: Asked,
    cursors: readonly string[],
  ): PageArguments {
    const cursor = (index: number | null) => (index === null ? null : cursors[index % cursors.length]);
    return { [isBackward ? 'last' : 'first']: count, after: cursor(after), before: cursor(before) };
  }
});
