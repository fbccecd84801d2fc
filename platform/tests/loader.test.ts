import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEntityLoader } from '../database/loader.ts';
import { aNote, Note, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const someNotes = async (texts: string[]) => {
  const notes = texts.map(aNote);
  await world.em().insertMany(Note, notes);
  return notes;
};

test('rows come in the order in which they are asked for, null for what does not exist', async () => {
  const [a, b, c] = await someNotes(['a', 'b', 'c']);
  const loader = createEntityLoader(world.em(), Note);

  const ids = [c!.id, randomUUID(), a!.id, 'no id', b!.id, '', 'a\0b', "' or true --", a!.id];
  const rows = await Promise.all(ids.map((id) => loader.load(id)));

  expect(rows.map((row) => row?.text ?? null)).toEqual(['c', null, 'a', null, 'b', null, null, null, 'a']);
});

test('ids that are none of ours cost no failure, also when there are no others', async () => {
  expect(await createEntityLoader(world.em(), Note).load('no id')).toBeNull();
});

test('all rows that are asked for at the same time are one query', async () => {
  const notes = await someNotes(['a', 'b', 'c']);
  const em = world.em();
  let queries = 0;
  const find = em.find.bind(em);
  em.find = ((...args: Parameters<typeof find>) => {
    queries++;
    return find(...args);
  }) as typeof em.find;
  const loader = createEntityLoader(em, Note);

  await Promise.all(notes.map(({ id }) => loader.load(id)));

  expect(queries).toBe(1);
});

test('a row that our own rows refer to and that is gone is a fault of ours', async () => {
  const [note] = await someNotes(['a']);
  const loader = createEntityLoader(world.em(), Note);

  expect((await loader.loadExisting(note!.id)).text).toBe('a');
  const id = randomUUID();
  await expect(loader.loadExisting(id)).rejects.toThrow(`Note ${id} is referred to but does not exist`);
});
