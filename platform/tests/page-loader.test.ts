import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { related } from '../database/find.ts';
import { createPageLoader } from '../database/page-loader.ts';
import { countStatements } from '../testing/statements.ts';
import { aCard, Board, Card, insertBoard, type Lists, openLists } from './lists.ts';

const ORDER = { rank: 'asc', id: 'asc' } as const;

let lists: Lists;
beforeAll(async () => {
  lists = await openLists();
});
afterAll(() => lists.close());

const insertCards = async (boardId: string, ranks: readonly number[], columns: Partial<Card> = {}) => {
  const cards = ranks.map((rank) => ({ ...aCard(boardId), rank, ...columns }));
  await lists.em().insertMany(Card, cards as never);
  return cards;
};

const ranksOf = ({ nodes }: { nodes: Card[] }) => nodes.map(({ rank }) => rank);

test('pages of several parents are one statement, in the order of the calls', async () => {
  const [a, b, empty] = [
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
  ];
  await insertCards(a, [3, 1, 2]);
  await insertCards(b, [5, 4]);
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });

  const { result, statements } = await countStatements(lists.orm, () =>
    Promise.all([b, empty, a, b, randomUUID(), 'no id'].map((id) => load(id, { first: 2 }))),
  );

  expect(statements).toHaveLength(1);
  expect(result.map(ranksOf)).toEqual([[4, 5], [], [1, 2], [4, 5], [], []]);
  const withMore = result.filter(({ pageInfo }) => pageInfo.hasNextPage);
  expect(withMore.map(ranksOf)).toEqual([[1, 2]]);
});

test('calls with other arguments or another filter are statements of their own', async () => {
  const [a, b] = [await insertBoard(lists.em()), await insertBoard(lists.em())];
  await insertCards(a, [1, 2, 3]);
  await insertCards(b, [4, 5, 6]);
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });

  const { result, statements } = await countStatements(lists.orm, () =>
    Promise.all([
      load(a, {}),
      load(b, { first: 50, after: null }),
      load(a, { last: 1 }),
      load(b, { last: 1 }),
      load(a, {}, { rank: { $gt: 1 } }),
      load(b, {}, { rank: { $gt: 4 } }),
    ]),
  );

  expect(statements).toHaveLength(4); // no filter, `last: 1`, and two filters
  expect(result.map(ranksOf)).toEqual([[1, 2, 3], [4, 5, 6], [3], [6], [2, 3], [5, 6]]);
});

test('a later call reads again', async () => {
  const board = await insertBoard(lists.em());
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });
  expect((await load(board, {})).nodes).toEqual([]);

  await insertCards(board, [1]);

  expect(ranksOf(await load(board, {}))).toEqual([1]);
});

test('a call that is INVALID costs no statement and no other call', async () => {
  const board = await insertBoard(lists.em());
  await insertCards(board, [1]);
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });

  const { result, statements } = await countStatements(lists.orm, () =>
    Promise.allSettled([load(board, { first: 101 }), load(board, { after: 'garbage' }), load(board, {})]),
  );

  expect(result.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(result[0]).toMatchObject({ reason: { code: 'INVALID', field: ['first'] } });
  expect(result[1]).toMatchObject({ reason: { code: 'INVALID', field: ['after'] } });
  expect(statements).toHaveLength(1);
});

test('a value of a cursor that the column cannot hold is INVALID', async () => {
  const board = await insertBoard(lists.em());
  const load = createPageLoader(lists.em(), Card, {
    parent: 'boardId',
    orderBy: { writtenAt: 'asc', id: 'asc' },
  });
  const values = ['Card.boardId:writtenAt,id', '0000-01-01T00:00:00.000Z', randomUUID()];
  const before = Buffer.from(JSON.stringify(values)).toString('base64url');

  await expect(load(board, { before })).rejects.toMatchObject({ code: 'INVALID', field: ['before'] });
});

test('an error of the database fails the calls of its statement only', async () => {
  const board = await insertBoard(lists.em());
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });

  const [failed, read] = await Promise.allSettled([load(board, {}, { parentId: 'no id' }), load(board, {})]);

  expect(failed).toMatchObject({ status: 'rejected', reason: { code: '22P02' } });
  expect(read).toMatchObject({ status: 'fulfilled' });
});

test('a list can be narrowed by a related row, always and for one call', async () => {
  const projectId = randomUUID();
  const [a, b] = [await insertBoard(lists.em(), projectId), await insertBoard(lists.em())];
  for (const board of [a, b]) await insertCards(board, [1, 2]);
  const where = { boardId: related(Board, { projectId }) };
  const ofProject = createPageLoader(lists.em(), Card, { parent: 'boardId', where, orderBy: ORDER });
  const ofBoard = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });

  const pages = await Promise.all([
    ofProject(a, {}),
    ofProject(b, {}),
    ofBoard(a, {}, where),
    ofBoard(b, {}, where),
  ]);

  expect(pages.map(ranksOf)).toEqual([[1, 2], [], [1, 2], []]);
});

test('a parent may be named by a text that is no uuid', async () => {
  const board = await insertBoard(lists.em());
  const scope = `it's "${board}" \\ ? {,}`;
  await insertCards(board, [2, 1], { scope });
  const load = createPageLoader(lists.em(), Card, { parent: 'scope', orderBy: ORDER });

  const pages = await Promise.all([load(scope, {}), load('another', {})]);

  expect(pages.map(ranksOf)).toEqual([[1, 2], []]);
});

test('a statement reads one row more than a page for each parent, from the index', async () => {
  const boards = [
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
  ];
  for (const board of boards) await insertCards(board, [...Array(1_000).keys()]);
  await lists.em().execute('analyze lists.card');
  const load = createPageLoader(lists.em(), Card, { parent: 'boardId', orderBy: ORDER });
  const page = await load(boards[0]!, { first: 10 });

  for (const args of [{ first: 10 }, { last: 10 }, { first: 10, after: page.pageInfo.endCursor }]) {
    const execute = jest.spyOn(lists.orm.em.getConnection(), 'execute');
    await Promise.all(boards.map((board) => load(board, args)));
    const [statement, parameters] = execute.mock.calls[0]!;
    execute.mockRestore();
    const plan = await lists.em().execute(`explain (analyze, format json) ${statement}`, parameters);

    const scans = scansOf(plan[0]!['QUERY PLAN' as never]);
    expect(scans).toEqual([
      expect.objectContaining({ 'Node Type': 'Index Scan', 'Index Name': 'card_of_board' }),
    ]);
    expect(scans[0]).toMatchObject({ 'Actual Loops': 3, 'Actual Rows': 11 });
  }
});

/** The nodes of a plan that read cards. */
function scansOf(plan: unknown): Record<string, unknown>[] {
  if (typeof plan !== 'object' || plan === null) return [];
  const below = Object.values(plan).flatMap(scansOf);
  return 'Relation Name' in plan ? [plan, ...below] : below;
}

describe('rows', () => {
  test('are what em.find returns, and the same objects', async () => {
    const board = await insertBoard(lists.em());
    const [parent] = await insertCards(board, [1], { dueAt: new Date(), tags: ['x', 'y'], title: 'told' });
    await insertCards(board, [2], { parentId: parent!.id });
    const em = lists.em();

    const { nodes } = await createPageLoader(em, Card, { parent: 'boardId', orderBy: ORDER })(board, {});

    const expected = await lists.em().find(Card, { boardId: board }, { orderBy: ORDER });
    expect(nodes).toEqual(expected);
    expect(nodes[0]).toBeInstanceOf(Card);
    expect(nodes[0]).toBe(await em.findOne(Card, { id: parent!.id }));
  });

  test('are managed: a flush updates what has changed and nothing else', async () => {
    const board = await insertBoard(lists.em());
    await insertCards(board, [1, 2]);
    const em = lists.em();
    const { nodes } = await createPageLoader(em, Card, { parent: 'boardId', orderBy: ORDER })(board, {});
    nodes[0]!.title = 'changed';

    const { statements } = await countStatements(lists.orm, () => em.flush());

    expect(statements.filter((statement) => statement.startsWith('update'))).toHaveLength(1);
    expect(await lists.em().findOne(Card, { id: nodes[0]!.id })).toMatchObject({
      title: 'changed',
      version: 2,
    });
  });

  test('that are known already take on what was stored since, and keep what was not', async () => {
    const board = await insertBoard(lists.em());
    await insertCards(board, [1]);
    const em = lists.em();
    const known = await em.findOneOrFail(Card, { boardId: board });
    known.title = 'not flushed';
    await lists.em().nativeUpdate(Card, { id: known.id }, { scope: 'stored since' });

    await createPageLoader(em, Card, { parent: 'boardId', orderBy: ORDER })(board, {});

    expect(known).toMatchObject({ title: 'not flushed', scope: 'stored since' });
  });
});
