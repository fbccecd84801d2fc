import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FilterQuery } from '@mikro-orm/core';
import { related } from '../database/find.ts';
import type { ListOrder } from '../database/list.ts';
import { type PageArguments, readPage } from '../database/page.ts';
import { aCard, Board, Card, insertBoard, type Lists, openLists } from './lists.ts';

const CARDS = 250;
const START = Date.UTC(2026, 0, 1);
const ORDER = { writtenAt: 'asc', id: 'asc' } as const;

let lists: Lists;
let board: string;
beforeAll(async () => {
  lists = await openLists();
  board = await insertBoard(lists.em());
  await insert(Array.from({ length: CARDS }, (_, n) => START + Math.floor(n / 25))); // 25 in each millisecond
});
afterAll(() => lists.close());

const insert = (times: number[], title = 'old') =>
  lists.em().insertMany(
    Card,
    times.map((time, rank) => ({ ...aCard(board), title, rank, writtenAt: new Date(time) })),
  );

const read = (args: PageArguments, orderBy: ListOrder<Card> = ORDER, where: FilterQuery<Card> = {}) =>
  readPage(lists.em(), Card, where, orderBy, args);

describe('a walk through 250 rows in pages of 7', () => {
  /** Rows are added while it walks: before the whole list, in the middle and after it. */
  const addRows = () => insert([START - 1, START + 5, START + 1_000], 'new');
  const oldIds = async () => {
    const cards = await lists.em().find(Card, { title: 'old' }, { orderBy: ORDER });
    return cards.map(({ id }) => id);
  };

  test('forwards gives each old row exactly once and in order while rows are added', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let hasMore = true; hasMore; ) {
      const { nodes, pageInfo } = await read({ first: 7, after });
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      seen.push(...nodes.filter(({ title }) => title === 'old').map(({ id }) => id));
      after = pageInfo.endCursor;
      hasMore = pageInfo.hasNextPage;
      if (seen.length < CARDS) await addRows();
    }

    expect(seen).toEqual(await oldIds());
  });

  test('backwards gives each old row exactly once and in order while rows are added', async () => {
    const seen: string[] = [];
    let before: string | null = null;
    for (let hasMore = true; hasMore; ) {
      const { nodes, pageInfo } = await read({ last: 7, before });
      expect(pageInfo.hasNextPage).toBe(before !== null);
      seen.unshift(...nodes.filter(({ title }) => title === 'old').map(({ id }) => id));
      before = pageInfo.startCursor;
      hasMore = pageInfo.hasPreviousPage && seen.length < CARDS;
      if (hasMore) await addRows();
    }

    expect(seen).toEqual(await oldIds());
  });
});

describe('the bounds of a page', () => {
  test('are 50 by default and 100 at most', async () => {
    expect((await read({})).nodes).toHaveLength(50);
    expect((await read({ first: null, last: null, after: null, before: null })).nodes).toHaveLength(50);
    expect((await read({ first: 100 })).nodes).toHaveLength(100);
    expect((await read({ last: 1 })).nodes).toHaveLength(1);
  });

  test.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ first: -1 }, 'first'],
    [{ last: 101 }, 'last'],
    [{ first: 1, last: 1 }, 'first'],
  ])('%j is INVALID', async (args, field) => {
    await expect(read(args)).rejects.toMatchObject({ code: 'INVALID', field: [field] });
  });

  test('an empty list has a page without cursors', async () => {
    const page = await read({}, ORDER, { title: 'none' });
    expect(page).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

describe('a walk over equal values and nulls', () => {
  const DAYS = [null, new Date(START), new Date(START + 1), null, new Date(START), null, new Date(START + 1)];
  const title = randomUUID();
  beforeAll(() => lists.em().insertMany(Card, DAYS.map((dueAt) => ({ ...aCard(board), title, dueAt })))); // biome-ignore format: one line

  test.each([
    [{ dueAt: 'asc', id: 'asc' }],
    [{ dueAt: 'asc', id: 'desc' }],
    [{ dueAt: 'desc', id: 'asc' }],
    [{ dueAt: 'desc', id: 'desc' }],
  ] as const)('in the order %j gives each row once, forwards and backwards', async (orderBy) => {
    const all = await lists.em().find(Card, { title }, { orderBy });
    const ids = all.map(({ id }) => id);
    const { edges } = await read({}, orderBy, { title });
    expect(edges.map(({ node }) => node.id)).toEqual(ids);
    for (const [index, { cursor }] of edges.entries()) {
      const after = await read({ after: cursor }, orderBy, { title });
      const before = await read({ last: 100, before: cursor }, orderBy, { title });
      expect(after.nodes.map(({ id }) => id)).toEqual(ids.slice(index + 1));
      expect(before.nodes.map(({ id }) => id)).toEqual(ids.slice(0, index));
    }
  });
});

describe('a list that a related row filters', () => {
  test('is read in pages over several parents', async () => {
    const projectId = randomUUID();
    const boards = await Promise.all([
      insertBoard(lists.em(), projectId),
      insertBoard(lists.em(), projectId),
    ]);
    const cards = Array.from({ length: 9 }, (_, rank) => ({ ...aCard(boards[rank % 2]!), rank }));
    await lists.em().insertMany(Card, cards);
    const where = { boardId: related(Board, { projectId }) };
    const ranks = async (args: PageArguments) => {
      const page = await read(args, { rank: 'asc', id: 'asc' }, where);
      return { ranks: page.nodes.map(({ rank }) => rank), ...page.pageInfo };
    };

    const first = await ranks({ first: 5 });
    const second = await ranks({ first: 5, after: first.endCursor });
    const back = await ranks({ last: 3, before: second.startCursor });

    expect(first).toMatchObject({ ranks: [0, 1, 2, 3, 4], hasNextPage: true });
    expect(second).toMatchObject({ ranks: [5, 6, 7, 8], hasNextPage: false });
    expect(back).toMatchObject({ ranks: [2, 3, 4], hasPreviousPage: true });
  });
});

test('an error of the filter is not blamed on a cursor', async () => {
  const reading = read({}, ORDER, { boardId: 'no id' });

  await expect(reading).rejects.toMatchObject({ code: '22P02' });
});

test('a list cannot be ordered by what cannot be in a cursor', async () => {
  const reading = read({}, { checklist: 'asc', id: 'asc' });

  await expect(reading).rejects.toThrow('A list cannot be ordered by checklist');
});
