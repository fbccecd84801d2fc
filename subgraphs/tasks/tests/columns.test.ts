import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const BOARD = `query ($id: ID!) { _entities(representations: [{ __typename: "Project", id: $id }]) {
  ... on Project { columns { name category wipLimit } } } }`;

const COLUMNS = [
  { name: 'Backlog', category: 'BACKLOG', wipLimit: null },
  { name: 'To do', category: 'TODO', wipLimit: null },
  { name: 'In progress', category: 'IN_PROGRESS', wipLimit: null },
  { name: 'In review', category: 'IN_REVIEW', wipLimit: null },
  { name: 'Done', category: 'DONE', wipLimit: null },
];

test('a project that was created a moment ago has its five columns in their order', async () => {
  for (let i = 0; i < 10; i++) {
    const id = await world.project();

    const { data } = await world.ask(world.member, BOARD, { id });

    expect(data._entities[0].columns).toEqual(COLUMNS);
  }
});

test('a repeated event of a project leaves its board as it is', async () => {
  const projectId = await world.project();
  await world.subgraph.catchUp();
  const before = await world.columns(projectId);

  await world.repeatEvents(projectId);

  expect(await world.columns(projectId)).toEqual(before);
});

test('the database compares the ranks of columns and tasks byte by byte, whatever its language', async () => {
  const columns = await world.em().execute(
    `select table_name from information_schema.columns
     where table_schema = 'tasks' and column_name = 'rank' and collation_name = 'C' order by table_name`,
  );

  expect(columns).toEqual([{ table_name: 'board_column' }, { table_name: 'task' }]);
});
