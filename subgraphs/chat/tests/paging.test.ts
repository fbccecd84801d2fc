import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Person } from '../../../platform/identity/actor.ts';
import { countStatements } from '../../../platform/testing/statements.ts';
import { createChannel } from '../operations/channel/create-channel.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const MESSAGES = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  channel(id: $id) { messages(first: $first, after: $after, last: $last, before: $before) {
    nodes { seq } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

const CHANNELS = `query ($projects: [_Any!]!) { _entities(representations: $projects) {
  ... on Project { channels { nodes { id name messages(last: 2) { nodes { seq } } } } } } }`;

interface Channels {
  nodes: { id: string; name: string; messages: { nodes: { seq: number }[] } }[];
}

/** The readers of the log work beside the request. */
const isOfReaders = (statement: string) =>
  /^(begin|commit)|(from|update|join) log\.|insert/.test(statement) && !/chat\W+channel/.test(statement);

async function page(viewer: Person, channelId: string, bounds: Record<string, unknown>) {
  const { data, errors } = await world.ask(viewer, MESSAGES, { id: channelId, ...bounds });
  if (errors) throw errors[0].originalError;
  const { nodes, pageInfo } = data.channel.messages;
  return { seqs: nodes.map(({ seq }: { seq: number }) => seq), ...pageInfo };
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function channelWith(messages: number) {
  const channel = await world.channel();
  for (const n of range(1, messages)) await world.send(channel.owner, channel.channelId, `Message ${n}`);
  return channel;
}

test('the last 20 messages are the newest, oldest first, and the page before them does not shift while messages arrive', async () => {
  const { owner, channelId } = await channelWith(25);

  const newest = await page(owner, channelId, { last: 20 });
  await world.send(owner, channelId, 'Another');
  const before = await page(owner, channelId, { last: 20, before: newest.startCursor });

  expect(newest).toMatchObject({ seqs: range(6, 25), hasPreviousPage: true, hasNextPage: false });
  expect(before).toMatchObject({ seqs: range(1, 5), hasPreviousPage: false, hasNextPage: true });
});

test('forward paging yields each message once, and new messages at the end', async () => {
  const { owner, channelId } = await channelWith(5);

  const first = await page(owner, channelId, { first: 3 });
  await world.send(owner, channelId, 'Another');
  const second = await page(owner, channelId, { first: 3, after: first.endCursor });
  await world.send(owner, channelId, 'And another');
  const third = await page(owner, channelId, { first: 3, after: second.endCursor });

  expect([first.seqs, second.seqs, third.seqs]).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect([first.hasNextPage, second.hasNextPage, third.hasNextPage]).toEqual([true, false, false]);
});

test.each([
  [{ first: 0 }, 'first'],
  [{ last: 101 }, 'last'],
  [{ first: 1, last: 1 }, 'first'],
  [{ after: 'made-up' }, 'after'],
])('%j is INVALID', async (bounds, field) => {
  const { owner, channelId } = await world.channel();

  await expect(page(owner, channelId, bounds)).rejects.toMatchObject({ code: 'INVALID', field: [field] });
});

test('the channels of several projects and their messages are one statement each', async () => {
  const { owner, projectId, channelId } = await channelWith(3);
  const otherId = await world.project({ owner });
  const channel = await createChannel(world.as(owner), { projectId: otherId, name: 'Releases' });
  await world.send(owner, channel.id, 'Released');
  const projects = [projectId, otherId].map((id) => ({ __typename: 'Project', id }));

  const { result, statements } = await countStatements(world.subgraph.orm, () =>
    world.ask(owner, CHANNELS, { projects }),
  );

  const [first, second] = result.data._entities.map(({ channels }: { channels: Channels }) => channels.nodes);
  expect(first).toEqual([{ id: channelId, name: 'general', messages: { nodes: [{ seq: 2 }, { seq: 3 }] } }]);
  expect(second).toMatchObject([
    { name: 'general', messages: { nodes: [] } },
    { name: 'Releases', messages: { nodes: [{ seq: 1 }] } },
  ]);
  const reads = statements.filter((statement) => !isOfReaders(statement));
  expect(reads).toHaveLength(3); // the grants, the channels, their messages
});
