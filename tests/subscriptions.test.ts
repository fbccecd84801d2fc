import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { form } from '../platform/testing/infrastructure.ts';
import { until } from '../platform/testing/wait.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

let system: System;
let client: Client;
let projectId: string;
beforeAll(async () => {
  system = await startSystem();
  client = connectClient(system.url);
  const key = `S${Date.now().toString(36).slice(-6).toUpperCase()}`;
  const { data } = await client.ask(
    'mutation ($key: String!) { projectCreate(input: { key: $key, name: "Streams" }) { project { id } } }',
    { key },
  );
  projectId = data.projectCreate.project.id;
});
afterAll(async () => {
  await client.close();
  await system.close();
});

const BOARD = `subscription ($projectId: ID!, $after: EventCursor) {
  boardEvents(projectId: $projectId, after: $after) {
    __typename cursor
    ... on TaskChanged { task { title project { name viewerRole } reporter { displayName } activeRun { id } } } } }`;

let counter = 0;
/** Creates one task. Repeats the mutation with the same idempotency key while the subgraph is down. */
async function createTask(): Promise<string> {
  const title = `Task ${counter++}`;
  await until('the task is created', async () => {
    const { data } = await client.ask(
      `mutation ($projectId: ID!, $title: String!, $key: String!) {
         taskCreate(input: { projectId: $projectId, title: $title, idempotencyKey: $key }) { task { id } } }`,
      { projectId, title, key: title },
    );
    return data?.taskCreate?.task?.id;
  });
  return title;
}

/** Follows the board. Resolves when the subscription is live. */
async function followBoard(after?: string) {
  const following = client.follow(BOARD, { projectId, ...(after && { after }) });
  await until('it is live', () => following.events.some(({ __typename }) => __typename === 'StreamCaughtUp'));
  return {
    ...following,
    titles: (): string[] => following.events.flatMap(({ task }) => task?.title ?? []),
  };
}

describe('a subscription', () => {
  test('adds the fields of all subgraphs to each event', async () => {
    const board = await followBoard();
    const title = await createTask();
    await until('the event has arrived', () => board.titles().length === 1);
    expect(board.events[1]).toMatchObject({
      __typename: 'TaskChanged',
      task: {
        title,
        project: { name: 'Streams', viewerRole: 'OWNER' },
        reporter: { displayName: 'Developer' },
        activeRun: null,
      },
    });
    expect(board.errors).toEqual([]);
    board.end();
  });

  test('that begins at the last cursor after a kill -9 misses and repeats no event', async () => {
    const before = await followBoard();
    const titles = [await createTask()];
    await until('the event has arrived', () => before.titles().length === 1);
    const { cursor } = before.events.at(-1);
    before.end();
    titles.push(await createTask());

    await system.crash('tasks');

    const after = await followBoard(cursor);
    titles.push(await createTask());
    await until('all events have arrived', () => after.titles().length >= 2);
    expect([...before.titles(), ...after.titles()]).toEqual(titles);
    after.end();
  });

  // In the form of services a subgraph can be killed while the client's socket stays open.
  if (form === 'services') {
    test('continues without the client when its subgraph is killed three times during changes', async () => {
      const board = await followBoard();
      const titles: string[] = [];
      for (let round = 0; round < 3; round++) {
        titles.push(await createTask());
        const [, title] = await Promise.all([system.crash('tasks'), createTask()]);
        titles.push(title);
      }
      await until('all events have arrived', () => board.titles().length >= titles.length, 30_000);
      expect(board.titles()).toEqual(titles);
      expect(board.errors).toEqual([]);
      expect(board.events.filter(({ __typename }) => __typename === 'StreamCaughtUp')).toHaveLength(1);
      board.end();
    });
  }
});
