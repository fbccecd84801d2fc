import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A board with `tasksInColumn` tasks in each of its five columns. Every second task is a subtask of the one before it and waits for it. */
async function board(tasksInColumn: number): Promise<string> {
  const projectId = await world.project();
  await world.subgraph.catchUp();
  for (const { id: columnId } of await world.columns(projectId)) {
    for (let i = 0; i < tasksInColumn; i += 2) {
      const parent = await world.task({ projectId, columnId });
      const subtask = await world.task({ projectId, columnId, parentId: parent.id });
      await addDependency(world.ctx(), { taskId: subtask.id, blockedById: parent.id });
      await addComment(world.ctx(), { taskId: parent.id, body: 'Hello' });
    }
  }
  return projectId;
}

interface Connection {
  nodes: Node[];
}
type Node = Record<string, Connection>;

/** Reads the board with these fields of its tasks. Statements of the event log are not counted: they are those of readers. */
async function read(projectId: string, fields: string) {
  const execute = jest.spyOn(world.subgraph.orm.em.getConnection(), 'execute');
  const document = `query ($id: ID!) { _entities(representations: [{ __typename: "Project", id: $id }]) {
    ... on Project { columns { name category wipLimit tasks(first: 50) { nodes { ${fields} } } } } } }`;
  const { data, errors } = await world.ask(world.member, document, { id: projectId });
  const sent = execute.mock.calls.map(([statement]) => JSON.stringify(statement));
  execute.mockRestore();
  expect(errors).toBeUndefined();
  const columns: { tasks: Connection }[] = data._entities[0].columns;
  return {
    statements: sent.filter((statement) => !/\blog\./.test(statement)).length,
    tasks: columns.flatMap(({ tasks }) => tasks.nodes),
  };
}

describe.each([2, 12])('the board of 5 columns with %i tasks each', (tasksInColumn) => {
  let projectId: string;
  beforeAll(async () => {
    projectId = await board(tasksInColumn);
  });

  test('is 6 statements: rights, columns, tasks, parents, progress and open blockers', async () => {
    const { tasks, statements } = await read(
      projectId,
      `id ref title priority category column { name } assignee { id } delegate { id } parent { ref }
       isBlocked subtaskProgress { done total } project { id }`,
    );

    expect(tasks).toHaveLength(5 * tasksInColumn);
    expect(statements).toBe(6);
  });

  test('is 6 statements with comments, history and subtasks: one more for each list', async () => {
    const { tasks, statements } = await read(
      projectId,
      `comments { nodes { body } } history { nodes { field } } subtasks { nodes { ref } }`,
    );

    expect(statements).toBe(6);
    expect(tasks.flatMap(({ comments }) => comments!.nodes)).toHaveLength((5 * tasksInColumn) / 2);
    expect(tasks.flatMap(({ subtasks }) => subtasks!.nodes)).toHaveLength((5 * tasksInColumn) / 2);
    expect(tasks.flatMap(({ history }) => history!.nodes)).toHaveLength(5 * tasksInColumn * 1.5);
  });

  test('is 5 statements with a list in a list: rights, columns, tasks, subtasks and their comments', async () => {
    const { statements } = await read(projectId, 'subtasks { nodes { comments { nodes { body } } } }');

    expect(statements).toBe(5);
  });

  test('is 5 statements with blockers: rights, columns, tasks, dependencies and the tasks that block', async () => {
    const { tasks, statements } = await read(projectId, 'blockedBy { nodes { ref } }');

    const blockersInOpenColumns = (4 * tasksInColumn) / 2;
    expect(statements).toBe(5);
    expect(tasks.flatMap(({ blockedBy }) => blockedBy!.nodes)).toHaveLength(blockersInOpenColumns);
  });
});
