import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEntityLoader } from '../database/loader.ts';
import { countStatements } from '../testing/statements.ts';
import { Board, insertBoard, type Lists, openLists } from './lists.ts';

let lists: Lists;
beforeAll(async () => {
  lists = await openLists();
});
afterAll(() => lists.close());

test('rows come in the order in which they are asked for, null for what does not exist', async () => {
  const [a, b, c] = [
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
    await insertBoard(lists.em()),
  ];
  const loader = createEntityLoader(lists.em(), Board);

  const ids = [c, randomUUID(), a, 'no id', b, '', 'a\0b', "' or true --", a];
  const rows = await Promise.all(ids.map((id) => loader.load(id)));

  expect(rows.map((row) => row?.id ?? null)).toEqual([c, null, a, null, b, null, null, null, a]);
});

test('a text that cannot be an id is no row, also when no other row is asked for', async () => {
  expect(await createEntityLoader(lists.em(), Board).load('no id')).toBeNull();
});

test('all rows that are asked for at the same time are one statement', async () => {
  const ids = [await insertBoard(lists.em()), await insertBoard(lists.em()), await insertBoard(lists.em())];
  const loader = createEntityLoader(lists.em(), Board);

  const { result, statements } = await countStatements(lists.orm, () =>
    Promise.all(ids.map((id) => loader.load(id))),
  );

  expect(result.map((row) => row?.id)).toEqual(ids);
  expect(statements).toHaveLength(1);
});

test('a row that another row refers to and that is gone is an error', async () => {
  const board = await insertBoard(lists.em());
  const loader = createEntityLoader(lists.em(), Board);

  expect((await loader.loadExisting(board)).id).toBe(board);
  const id = randomUUID();
  await expect(loader.loadExisting(id)).rejects.toThrow(`Board ${id} is referred to but does not exist`);
});
