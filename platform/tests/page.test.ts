import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FilterQuery } from '@mikro-orm/core';
import fc from 'fast-check';
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

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

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

describe('a cursor names its list', () => {
  const ORDERED = { rank: 'asc', id: 'asc' } as const;
  const projectId = randomUUID();
  const cursor = async (where: FilterQuery<Card> = {}) => {
    const [edge] = (await read({ first: 1 }, ORDERED, where)).edges;
    return edge!.cursor;
  };

  test.each([
    ['without a parent', ORDERED, {}],
    ['of another parent property', ORDERED, { parentId: randomUUID() }],
    ['of two parent properties', ORDERED, { boardId: randomUUID(), parentId: randomUUID() }],
    ['of a parent of the parent', ORDERED, { boardId: related(Board, { projectId }) }],
    ['of another order of the same types', { version: 'asc', id: 'asc' }, { boardId: randomUUID() }],
  ] as const)('is INVALID in a list %s', async (_what, orderBy, where) => {
    const reading = read({ after: await cursor({ boardId: board }) }, orderBy, where);

    const message = '`after` is not a cursor of this list';
    await expect(reading).rejects.toMatchObject({ code: 'INVALID', message, field: ['after'] });
  });

  test('is INVALID in a list of another entity', async () => {
    const byId = await read({ first: 1 }, { id: 'asc' });

    const reading = readPage(lists.em(), Board, {}, { id: 'asc' }, { after: byId.pageInfo.endCursor });

    await expect(reading).rejects.toMatchObject({ code: 'INVALID', field: ['after'] });
  });

  test('is a position in the same list of another parent, with other filters and in the reverse order', async () => {
    const other = {
      $and: [{ boardId: await insertBoard(lists.em()) }, { rank: { $gte: 0 } }, { dueAt: null }],
    };

    const page = await read({ after: await cursor({ boardId: board }) }, { rank: 'desc', id: 'desc' }, other);

    expect(page.nodes).toEqual([]);
  });

  test('is INVALID when it names none, as cursors of earlier versions did', async () => {
    const [row] = (await read({ first: 1 })).nodes;

    const reading = read({ after: encode([row!.writtenAt, row!.id]) });

    const message = '`after` is not a cursor of this list';
    await expect(reading).rejects.toMatchObject({ code: 'INVALID', message });
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

describe('a cursor that this list did not make', () => {
  const LIST = 'Card:writtenAt,id';
  const id = randomUUID();
  const when = new Date(START).toISOString();
  const MADE_UP = {
    'of no sense': 'garbage',
    empty: '',
    'of JSON without an array': encode({ 0: LIST, 1: when, 2: id }),
    'with fewer values': encode([LIST, when]),
    'with more values': encode([LIST, when, id, 1]),
    'with NUL': encode([LIST, when, 'a\0b']),
    'with half a surrogate pair': encode([LIST, when, '\ud800']),
    'with null': encode([LIST, null, id]),
    'with an object': encode([LIST, { $gt: 1 }, id]),
    'with an id that is none': encode([LIST, when, "' or true --"]),
    'with a number for an id': encode([LIST, when, 5]),
    'with text for a time': encode([LIST, 'yesterday', id]),
    'with a number for a time': encode([LIST, 8.64e15 + 1, id]),
    'with a year that PostgreSQL has not': encode([LIST, '+275760-09-13T00:00:00.000Z', id]),
  };

  test.each(Object.entries(MADE_UP))('%s is INVALID', async (_what, cursor) => {
    for (const field of ['after', 'before']) {
      await expect(read({ [field]: cursor })).rejects.toMatchObject({ code: 'INVALID', field: [field] });
    }
  });

  test('is a position when it could have made it', async () => {
    expect((await read({ after: encode([LIST, when, id]) })).nodes).not.toEqual([]);
  });

  test('with text for a number is INVALID', async () => {
    const reading = read({ before: encode(['Card:rank,id', 'text', id]) }, { rank: 'asc', id: 'asc' });
    await expect(reading).rejects.toMatchObject({ code: 'INVALID', field: ['before'] });
  });

  test.each([
    ['times and ids', ORDER],
    ['numbers and ids', { rank: 'asc', id: 'asc' }],
    ['texts and ids', { title: 'asc', id: 'asc' }],
  ] as const)('of %s is INVALID or reads as a position, whatever it holds', async (_what, orderBy) => {
    const time = fc.date({ noInvalidDate: true }).map((date) => date.toJSON());
    const name = `Card:${Object.keys(orderBy).join()}`;
    const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), time);
    await fc.assert(
      fc.asyncProperty(fc.tuple(scalar, fc.oneof(scalar, fc.uuid())), async (position) => {
        const outcome = await read({ after: encode([name, ...position]), first: 1 }, orderBy).catch(
          (error) => error,
        );
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INVALID' });
      }),
      { numRuns: 200 },
    );
  });
});
