import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const BOARD = `query ($id: ID!) { _entities(representations: [{ __typename: "Project", id: $id }]) {
  ... on Project { columns { name category wipLimit tasks(first: 50) { nodes {
    id ref title priority category column { name } assignee { id } delegate { id } parent { ref }
    isBlocked subtaskProgress { done total } project { id } } } } } } }`;

/** A board with as many tasks in each of its five columns; every second is a part of the one before and waits for it. */
async function board(tasksInColumn: number): Promise<string> {
  const projectId = await world.project();
  await world.subgraph.catchUp();
  for (const { id: columnId } of await world.columns(projectId)) {
    for (let i = 0; i < tasksInColumn; i += 2) {
      const parent = await world.task({ projectId, columnId });
      const part = await world.task({ projectId, columnId, parentId: parent.id });
      await addDependency(world.ctx(), { taskId: part.id, blockedById: parent.id });
    }
  }
  return projectId;
}

/** Shows a board, and how many statements the database was sent for it. Those of the log are its reader's. */
async function show(projectId: string) {
  const execute = jest.spyOn(world.subgraph.orm.em.getConnection(), 'execute');
  const { data, errors } = await world.ask(world.member, BOARD, { id: projectId });
  const sent = execute.mock.calls.map(([statement]) => JSON.stringify(statement));
  const statements = sent.filter((statement) => !/\blog\./.test(statement)).length;
  execute.mockRestore();
  expect(errors).toBeUndefined();
  const columns: { tasks: { nodes: unknown[] } }[] = data._entities[0].columns;
  return { statements, tasks: columns.flatMap(({ tasks }) => tasks.nodes).length };
}

test.each([2, 50])(
  'a board of 5 columns with %i tasks each takes at most 22 statements: two for all and four for each column',
  async (tasksInColumn) => {
    const projectId = await board(tasksInColumn);

    const { tasks, statements } = await show(projectId);

    expect(tasks).toBe(5 * tasksInColumn);
    expect(statements).toBeLessThanOrEqual(22);
  },
);
