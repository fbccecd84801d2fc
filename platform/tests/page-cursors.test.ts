import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FilterQuery } from '@mikro-orm/core';
import fc from 'fast-check';
import { related } from '../database/find.ts';
import type { ListOrder } from '../database/list.ts';
import { type PageArguments, readPage } from '../database/page.ts';
import { aCard, Board, Card, insertBoard, type Lists, openLists } from './lists.ts';

const ORDER = { writtenAt: 'asc', id: 'asc' } as const;

let lists: Lists;
let board: string;
beforeAll(async () => {
  lists = await openLists();
  board = await insertBoard(lists.em());
  await lists.em().insertMany(Card, [aCard(board), aCard(board)]);
});
afterAll(() => lists.close());

const read = (args: PageArguments, orderBy: ListOrder<Card> = ORDER, where: FilterQuery<Card> = {}) =>
  readPage(lists.em(), Card, where, orderBy, args);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

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

  test('is INVALID when it names no list, like the cursors of earlier versions', async () => {
    const [row] = (await read({ first: 1 })).nodes;

    const reading = read({ after: encode([row!.writtenAt, row!.id]) });

    const message = '`after` is not a cursor of this list';
    await expect(reading).rejects.toMatchObject({ code: 'INVALID', message });
  });
});

describe('a cursor that this list did not make', () => {
  const LIST = 'Card:writtenAt,id';
  const id = randomUUID();
  const when = new Date(0).toISOString();
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
    'with a text that is no id': encode([LIST, when, "' or true --"]),
    'with a number for an id': encode([LIST, when, 5]),
    'with text for a time': encode([LIST, 'yesterday', id]),
    'with a number for a time': encode([LIST, 8.64e15 + 1, id]),
    'with a year that PostgreSQL does not have': encode([LIST, '+275760-09-13T00:00:00.000Z', id]),
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
