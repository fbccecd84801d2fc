import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../platform/testing/wait.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

/* A snapshot with its cursor, and the stream from that cursor on, show every change, whoever writes meanwhile. */

let system: System;
let client: Client;
let projectId: string;
let channelId: string;
beforeAll(async () => {
  system = await startSystem();
  client = connectClient(system.url);
  const { data } = await client.ask(
    'mutation { projectCreate(input: { key: "SNAP", name: "Snapshots" }) { project { id cursor } } }',
  );
  projectId = data.projectCreate.project.id;
  const created = await client.ask(
    `mutation ($projectId: ID!) {
       channelCreate(input: { projectId: $projectId, name: "work" }) { channel { id cursor } } }`,
    { projectId },
  );
  channelId = created.data.channelCreate.channel.id;
});
afterAll(async () => {
  await client.close();
  await system.close();
});

const PROJECT = `query ($id: ID!) { project(id: $id) {
  cursor name columns { tasks(first: 100) { nodes { id title version } } } } }`;
const CHANNEL = `query ($id: ID!) { channel(id: $id) { cursor messages(last: 100) { nodes { id body } } } }`;
const BOARD = `subscription ($id: ID!, $after: EventCursor) { boardEvents(projectId: $id, after: $after) {
  __typename cursor ... on TaskChanged { task { id title version } } ... on TaskRemoved { taskId } } }`;
const SETTINGS = `subscription ($id: ID!, $after: EventCursor) { projectEvents(projectId: $id, after: $after) {
  __typename cursor ... on ProjectChanged { project { name } } } }`;
const CHAT = `subscription ($id: ID!, $after: EventCursor) { chatEvents(channelId: $id, after: $after) {
  __typename cursor ... on MessageChanged { message { id body } } } }`;

/** Mutates as fast as it can until it is ended; resolves with the number of changes then. */
function startWriter(write: (count: number) => Promise<unknown>) {
  let isOver = false;
  const writing = (async () => {
    let count = 0;
    while (!isOver) await write(++count);
    return count;
  })();
  return {
    end() {
      isOver = true;
      return writing;
    },
  };
}

async function mutate(document: string, variables: Record<string, unknown>) {
  const { data, errors } = await client.ask(document, variables);
  if (errors) throw new Error(JSON.stringify(errors));
  const [payload] = Object.values(data) as { userErrors?: unknown[] }[];
  if (payload?.userErrors?.length) throw new Error(JSON.stringify(payload.userErrors));
  return data;
}

const startWriters = () => [
  startWriter(async (count) => {
    const { taskCreate } = await mutate(
      `mutation ($projectId: ID!, $title: String!) {
         taskCreate(input: { projectId: $projectId, title: $title }) { task { id } userErrors { message } } }`,
      { projectId, title: `Task ${count}` },
    );
    const { id } = taskCreate.task;
    const archive = `mutation ($id: ID!) { taskArchive(input: { id: $id }) { userErrors { message } } }`;
    const rename = `mutation ($id: ID!) { taskUpdate(input: { id: $id, title: "Renamed" }) { userErrors { message } } }`;
    await mutate(count % 3 === 0 ? rename : archive, { id });
    if (count % 3 === 0 && count > 30) await mutate(archive, { id });
  }),
  startWriter((count) =>
    mutate(
      `mutation ($id: ID!, $name: String!) {
         projectUpdate(input: { id: $id, name: $name }) { userErrors { message } } }`,
      { id: projectId, name: `Snapshots ${count}` },
    ),
  ),
  startWriter((count) =>
    mutate(
      `mutation ($channelId: ID!, $body: String!) {
         messageSend(input: { channelId: $channelId, body: $body }) { userErrors { message } } }`,
      { channelId, body: `Message ${count}` },
    ),
  ),
];

interface Snapshot {
  name: string;
  tasks: Map<string, { title: string; version: number }>;
  messages: Map<string, string>;
}

const tasksOf = (project: {
  columns: { tasks: { nodes: { id: string; title: string; version: number }[] } }[];
}) =>
  new Map(
    project.columns.flatMap(({ tasks }) =>
      tasks.nodes.map(({ id, title, version }) => [id, { title, version }]),
    ),
  );

/** Reads the project and the channel as they are, and follows them from there. */
async function readAndFollow() {
  const { project } = (await client.ask(PROJECT, { id: projectId })).data;
  const { channel } = (await client.ask(CHANNEL, { id: channelId })).data;
  const snapshot: Snapshot = {
    name: project.name,
    tasks: tasksOf(project),
    messages: new Map(channel.messages.nodes.map(({ id, body }: { id: string; body: string }) => [id, body])),
  };
  const followed = [
    client.follow(BOARD, { id: projectId, after: project.cursor }, ({ task, taskId }) => {
      if (taskId) snapshot.tasks.delete(taskId);
      if (task && task.version >= (snapshot.tasks.get(task.id)?.version ?? 0))
        snapshot.tasks.set(task.id, { title: task.title, version: task.version });
    }),
    client.follow(SETTINGS, { id: projectId, after: project.cursor }, ({ project: changed }) => {
      if (changed) snapshot.name = changed.name;
    }),
    client.follow(CHAT, { id: channelId, after: channel.cursor }, ({ message }) => {
      if (message) snapshot.messages.set(message.id, message.body);
    }),
  ];
  return { snapshot, followed };
}

describe('a snapshot and the stream from its cursor', () => {
  test('miss no change of eight snapshots, while others write', async () => {
    const writers = startWriters();
    const views: Awaited<ReturnType<typeof readAndFollow>>[] = [];
    for (let round = 0; round < 8; round++) views.push(await readAndFollow());
    const counts = await Promise.all(writers.map((writer) => writer.end()));
    expect(Math.min(...counts)).toBeGreaterThan(5);

    const { project } = (await client.ask(PROJECT, { id: projectId })).data;
    const { channel } = (await client.ask(CHANNEL, { id: channelId })).data;
    const last: string = channel.messages.nodes.at(-1).body;
    for (const { snapshot, followed } of views) {
      await until('the last changes have arrived', () => {
        return snapshot.name === project.name && [...snapshot.messages.values()].at(-1) === last;
      });
      const [shown, stored] = [snapshot.tasks, tasksOf(project)].map(sorted);
      expect(shown).toEqual(stored);
      const numbers = [...snapshot.messages.values()].map((body) => Number(body.split(' ')[1]));
      expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
      for (const { events, errors, end } of followed) {
        expect(errors).toEqual([]);
        expect(events.some(({ __typename }) => __typename === 'StreamReset')).toBe(false);
        end();
      }
    }
  }, 120_000);

  test('begin where the stream stands, wherever a project or a channel is read', async () => {
    const positionOf = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const { data } = await client.ask(
      `query ($id: ID!) { project(id: $id) { cursor channels { nodes { id cursor } } }
         projects(first: 100) { nodes { id cursor } } }`,
      { id: projectId },
    );
    const [stream, seq] = positionOf(data.project.cursor);
    expect([stream, seq > 10]).toEqual([`project:${projectId}`, true]);
    const listed = data.projects.nodes.find(({ id }: { id: string }) => id === projectId);
    expect(listed.cursor).toBe(data.project.cursor);
    const inList = data.project.channels.nodes.find(({ id }: { id: string }) => id === channelId);
    const { channel } = (await client.ask(CHANNEL, { id: channelId })).data;
    expect(positionOf(channel.cursor)[1]).toBeGreaterThan(5);
    expect(inList.cursor).toBe(channel.cursor);
  });
});

const sorted = (tasks: Snapshot['tasks']) => [...tasks].sort(([a], [b]) => (a < b ? -1 : 1));
