import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { QueryOrderMap } from '@mikro-orm/core';
import fc from 'fast-check';
import { type PageArguments, readPage } from '../database/page.ts';
import { Note, openWorld, type World } from './world.ts';

const NOTES = 250;
const START = Date.UTC(2026, 0, 1);
const ORDER = { writtenAt: 'asc', id: 'asc' } as const;

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await insert(Array.from({ length: NOTES }, (_, n) => START + Math.floor(n / 25))); // 25 in each millisecond
});
afterAll(() => world.close());

const insert = (times: number[], text = 'old') =>
  world.em().insertMany(
    Note,
    times.map((time, rank) => ({ id: randomUUID(), text, rank, writtenAt: new Date(time) })),
  );

const read = (args: PageArguments, orderBy: QueryOrderMap<Note> = ORDER) =>
  readPage(world.em(), Note, {}, orderBy, args);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a walk through 250 rows in pages of 7', () => {
  /** Rows are added while it walks: before the whole list, in the middle and after it. */
  const addRows = () => insert([START - 1, START + 5, START + 1_000], 'new');
  const oldIds = async () => {
    const notes = await world.em().find(Note, { text: 'old' }, { orderBy: ORDER });
    return notes.map(({ id }) => id);
  };

  test('forwards gives each old row exactly once and in order while rows are added', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let hasMore = true; hasMore; ) {
      const { nodes, pageInfo } = await read({ first: 7, after });
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      seen.push(...nodes.filter(({ text }) => text === 'old').map(({ id }) => id));
      after = pageInfo.endCursor;
      hasMore = pageInfo.hasNextPage;
      if (seen.length < NOTES) await addRows();
    }

    expect(seen).toEqual(await oldIds());
  });

  test('backwards gives each old row exactly once and in order while rows are added', async () => {
    const seen: string[] = [];
    let before: string | null = null;
    for (let hasMore = true; hasMore; ) {
      const { nodes, pageInfo } = await read({ last: 7, before });
      expect(pageInfo.hasNextPage).toBe(before !== null);
      seen.unshift(...nodes.filter(({ text }) => text === 'old').map(({ id }) => id));
      before = pageInfo.startCursor;
      hasMore = pageInfo.hasPreviousPage && seen.length < NOTES;
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
    const page = await readPage(world.em(), Note, { text: 'none' }, ORDER, {});
    expect(page).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

describe('a cursor that this list did not make', () => {
  const id = randomUUID();
  const when = new Date(START).toISOString();
  const MADE_UP = {
    'of no sense': 'garbage',
    empty: '',
    'of JSON without an array': encode({ writtenAt: when, id }),
    'of another list': encode([when]),
    'with more values': encode([when, id, 1]),
    'with NUL': encode([when, 'a\0b']),
    'with half a surrogate pair': encode([when, '\ud800']),
    'with null': encode([null, id]),
    'with an object': encode([{ $gt: 1 }, id]),
    'with an id that is none': encode([when, "' or true --"]),
    'with a number for an id': encode([when, 5]),
    'with text for a time': encode(['yesterday', id]),
    'with a number for a time': encode([8.64e15 + 1, id]),
    'with a year that PostgreSQL has not': encode(['+275760-09-13T00:00:00.000Z', id]),
  };

  test.each(Object.entries(MADE_UP))('%s is INVALID', async (_what, cursor) => {
    for (const field of ['after', 'before']) {
      await expect(read({ [field]: cursor })).rejects.toMatchObject({ code: 'INVALID', field: [field] });
    }
  });

  test('with text for a number is INVALID', async () => {
    const reading = read({ before: encode(['text', id]) }, { rank: 'asc', id: 'asc' });
    await expect(reading).rejects.toMatchObject({ code: 'INVALID', field: ['before'] });
  });

  test.each([
    ['times and ids', ORDER],
    ['numbers and ids', { rank: 'asc', id: 'asc' }],
    ['texts and ids', { text: 'asc', id: 'asc' }],
  ] as const)('of %s is INVALID or reads as a position, whatever it holds', async (_what, orderBy) => {
    const time = fc.date({ noInvalidDate: true }).map((date) => date.toJSON());
    const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), time);
    await fc.assert(
      fc.asyncProperty(fc.tuple(scalar, fc.oneof(scalar, fc.uuid())), async (position) => {
        const outcome = await read({ after: encode(position), first: 1 }, orderBy).catch((error) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INVALID' });
      }),
      { numRuns: 200 },
    );
  });
});
