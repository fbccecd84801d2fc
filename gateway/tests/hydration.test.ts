import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../platform/testing/wait.ts';
import { follow, openWorld, WITH_PROJECT, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ SUBGRAPH_TIMEOUT_SECONDS: 1, HYDRATION_SECONDS: 1 });
});
afterEach(() => world.close());

/** Follows a document, changes a task and returns the client's result. */
async function resultOf(document: string, project = { id: 'p1' }, variables: Record<string, unknown> = {}) {
  const { results } = await follow(world.connect(), document, variables);
  world.board.change('t1', { project });
  await until('the event is there', () => results.length === 2);
  return results[1];
}

describe('the fields of other subgraphs', () => {
  test('are added to each event, in the order of the events', async () => {
    const { results } = await follow(world.connect(), WITH_PROJECT);
    for (let number = 1; number <= 50; number++) world.board.change(`t${number}`);
    await until('all are there', () => results.length === 51);

    expect(results[1]).toEqual({
      data: {
        boardEvents: {
          kind: 'TaskChanged',
          cursor: 'cursor-1',
          task: { id: 't1', title: 'Task t1', project: { name: 'Project p1', description: 'Developer' } },
        },
      },
    });
    expect(results.slice(1).map(({ data }) => data.boardEvents.cursor)).toEqual(
      Array.from({ length: 50 }, (_, index) => `cursor-${index + 1}`),
    );
  });

  test('are added whatever aliases, fragments and variables the document has', async () => {
    const result = await resultOf(
      `subscription ($id: ID!, $streamCursor: Boolean = true) {
         board: boardEvents(projectId: $id) { kind: __typename ...Where ...What } }
       fragment Where on BoardEvent { streamCursor: cursor }
       fragment What on TaskChanged { task { it: title of: project { label: name @include(if: $streamCursor) } } }`,
      { id: 'p1' },
      { id: 'p1' },
    );
    expect(result).toEqual({
      data: {
        board: {
          kind: 'TaskChanged',
          streamCursor: 'cursor-1',
          task: { it: 'Task t1', of: { label: 'Project p1' } },
        },
      },
    });
  });

  test('are not fetched when a condition excludes them', async () => {
    const result = await resultOf(
      `subscription ($more: Boolean!) { boardEvents(projectId: "p1") {
         kind: __typename ... on TaskChanged { task { project { id name @include(if: $more) } } } } }`,
      { id: 'p1' },
      { more: false },
    );
    expect(result.data.boardEvents.task).toEqual({ project: { id: 'p1' } });
    expect(world.projects.questions).toEqual([]);
  });

  test('do not include the fields by which the gateway learns the position', async () => {
    const { results } = await follow(world.connect(), WITH_PROJECT);
    expect(results[0]).toEqual({ data: { boardEvents: { kind: 'StreamCaughtUp', cursor: 'cursor-0' } } });
  });
});

describe('a failure of one event', () => {
  const NULLABLE = `subscription { boardEvents(projectId: "p1") {
    kind: __typename ... on TaskChanged { task { id project { id description } } } } }`;

  test('costs only the fields of a hanging subgraph, neither the event nor the stream', async () => {
    world.projects.hang();
    const { results } = await follow(world.connect(), NULLABLE);
    world.board.change('t1');
    await until('the event is there', () => results.length === 2);
    world.projects.answer();
    world.board.change('t2');
    await until('the next is there', () => results.length === 3);

    expect(results[1].data.boardEvents.task).toEqual({ id: 't1', project: { id: 'p1', description: null } });
    expect(results[1].errors).toEqual([
      {
        message: 'The projects subgraph did not answer in time. Try again later.',
        path: ['boardEvents', 'task', 'project', 'description'],
        extensions: { code: 'UNAVAILABLE', serviceName: 'projects' },
      },
    ]);
    expect(results[2]).toEqual({
      data: {
        boardEvents: {
          kind: 'TaskChanged',
          task: { id: 't2', project: { id: 'p1', description: 'Developer' } },
        },
      },
    });
  });

  test('has the path of the client’s document and hides the cause', async () => {
    const { errors } = await resultOf(WITH_PROJECT.replace('project {', 'in: project {'), { id: 'broken' });
    expect(errors).toEqual([
      {
        message: 'Internal error',
        path: ['boardEvents', 'task', 'in', 'name'],
        extensions: { code: 'INTERNAL', serviceName: 'projects', errorId: expect.any(String) },
      },
    ]);
  });

  test('is NOT_FOUND for an object that another subgraph does not show', async () => {
    const { data, errors } = await resultOf(WITH_PROJECT, { id: 'gone' });
    expect(data.boardEvents).toEqual({
      ...{ kind: 'TaskChanged', cursor: 'cursor-1' },
      task: { id: 't1', title: 'Task t1', project: null },
    });
    expect(errors).toEqual([
      {
        message: 'This does not exist, or you may not see it.',
        path: ['boardEvents', 'task', 'project', 'name'],
        extensions: { code: 'NOT_FOUND' },
      },
    ]);
  });

  test('comes with the event, and the stream goes on', async () => {
    const { results } = await follow(
      world.connect(),
      `subscription { boardEvents(projectId: "p1") {
         kind: __typename ... on TaskChanged { changedFields task { id project { name } } } } }`,
    );
    world.board.fail();
    world.board.change('t2');
    await until('both are there', () => results.length === 3);
    expect(results[1].errors).toEqual([
      expect.objectContaining({
        path: ['boardEvents', 'changedFields'],
        extensions: { code: 'INTERNAL', serviceName: 'tasks', errorId: expect.any(String) },
      }),
    ]);
    expect(results[2].data.boardEvents.task).toEqual({ id: 't2', project: { name: 'Project p1' } });
  });
});
