import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findById, related } from '../database/find.ts';
import { countStatements } from '../testing/statements.ts';
import { aCard, Board, Card, insertBoard, type Lists, openLists } from './lists.ts';

let lists: Lists;
beforeAll(async () => {
  lists = await openLists();
});
afterAll(() => lists.close());

test('a row is found by an id that a client gave; any other text is no row', async () => {
  const id = await insertBoard(lists.em());
  const found = await Promise.all(
    [id, randomUUID(), 'no id', '', 'a\0b', id.toUpperCase()].map((text) =>
      findById(lists.em(), Board, text),
    ),
  );

  expect(found.map((row) => row?.id ?? null)).toEqual([id, null, null, null, null, null]);
});

describe('an id column that is declared as a relation', () => {
  /** A card and one that has it for a parent, on a board of a new project. */
  const insertFamily = async () => {
    const projectId = randomUUID();
    const boardId = await insertBoard(lists.em(), projectId);
    const parent = { ...aCard(boardId), title: 'parent' };
    const child = { ...aCard(boardId), title: 'child', parentId: parent.id };
    await lists.em().insertMany(Card, [parent, child]);
    return { projectId, boardId, parent, child };
  };

  test('holds the plain id and filters by it without a join', async () => {
    const { boardId } = await insertFamily();

    const { result, statements } = await countStatements(lists.orm, () => lists.em().find(Card, { boardId }));

    expect(result.map((card) => card.boardId)).toEqual([boardId, boardId]);
    expect(statements).toEqual([expect.not.stringContaining('join')]);
  });

  test('filters by columns of the related row, and of the row that this one refers to', async () => {
    const { projectId, child } = await insertFamily();
    const ofProject = related(Board, { projectId });
    const ids = async (where: Parameters<typeof find>[0]) => (await find(where)).map(({ id }) => id);
    const find = (where: { boardId?: typeof ofProject; parentId?: typeof ofProject; title?: string }) =>
      lists.em().find(Card, where);

    expect(await ids({ boardId: ofProject, title: 'child' })).toEqual([child.id]);
    expect(await ids({ parentId: related(Card, { boardId: ofProject, title: 'parent' }) })).toEqual([
      child.id,
    ]);
    expect(await ids({ boardId: related(Board, { projectId: randomUUID() }) })).toEqual([]);
  });

  test('matches rows that refer to nothing when the related column is to be null', async () => {
    const { boardId, parent, child } = await insertFamily();

    const found = await lists.em().find(Card, { boardId, parentId: related(Card, { dueAt: null }) });

    expect(found.map(({ id }) => id).sort()).toEqual([parent.id, child.id].sort());
  });

  test('refuses a property that the related row does not have', async () => {
    const finding = lists.em().find(Card, { boardId: related(Board, { typo: 1 } as never) });

    await expect(finding).rejects.toThrow('Trying to query by not existing property Board.typo');
  });

  test('has referred rows inserted before those that refer to them, whatever the order of creation', async () => {
    const em = lists.em();
    const boardId = randomUUID();
    const parent = aCard(boardId);
    const child = em.create(Card, { ...aCard(boardId), parentId: parent.id });
    em.create(Card, parent);
    em.create(Board, { id: boardId, projectId: randomUUID(), name: 'Board' });

    await em.flush();

    expect(await lists.em().findOne(Card, { id: child.id })).toMatchObject({ boardId, parentId: parent.id });
  });
});
