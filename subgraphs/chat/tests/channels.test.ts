import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aPerson } from '../../../platform/testing/actors.ts';
import { createChannel } from '../operations/channel/create-channel.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  // No sweep helps: a request must find the events itself.
  world = await openWorld({ sweepSeconds: 300 });
});
afterAll(() => world.close());

const CHANNELS = `query ($projects: [_Any!]!) { _entities(representations: $projects) {
  ... on Project { id channels { nodes { name project { id } } } } } }`;

async function channelNames(viewer: Parameters<typeof world.ask>[0], projectId: string) {
  const { data, errors } = await world.ask(viewer, CHANNELS, {
    projects: [{ __typename: 'Project', id: projectId }],
  });
  expect(errors).toBeUndefined();
  return data._entities[0].channels.nodes.map(({ name }: { name: string }) => name);
}

describe('a new project', () => {
  test('has one channel general, however often the project changes afterwards', async () => {
    const owner = aPerson('Ada');
    const projectId = await world.project({ owner });
    await world.renameProject(projectId);
    await world.renameProject(projectId);

    await world.subgraph.catchUp();

    expect(await channelNames(owner, projectId)).toEqual(['general']);
  });

  test('shows general to the first request, although the subgraph has not read the event yet', async () => {
    const owner = aPerson('Ada');
    const projectId = await world.project({ owner, isAnnounced: false });

    expect(await channelNames(owner, projectId)).toEqual(['general']);
  });

  test('keeps the name general for its own channel, although the subgraph has not read the event yet', async () => {
    const owner = aPerson('Ada');
    const projectId = await world.project({ owner, isAnnounced: false });

    await expect(createChannel(world.as(owner), { projectId, name: 'General' })).rejects.toMatchObject({
      code: 'DUPLICATE',
    });
  });
});

describe('creating a channel', () => {
  test('adds it after the older channels', async () => {
    const { owner, projectId } = await world.channel();

    const { name } = await createChannel(world.as(owner), { projectId, name: '  Releases ' });

    expect(name).toBe('Releases');
    expect(await channelNames(owner, projectId)).toEqual(['general', 'Releases']);
  });

  test.each([
    ['in capitals', 'Über uns', 'ÜBER UNS'],
    ['in another Unicode form', 'Caf\u00e9', 'Cafe\u0301'],
  ])(
    'with the same name %s is DUPLICATE in its project and works in another',
    async (_how, first, second) => {
      const { owner, projectId } = await world.channel();
      const other = await world.channel();
      await createChannel(world.as(owner), { projectId, name: first });

      await expect(createChannel(world.as(owner), { projectId, name: second })).rejects.toMatchObject({
        code: 'DUPLICATE',
        field: ['input', 'name'],
      });
      await createChannel(world.as(other.owner), { projectId: other.projectId, name: second });
    },
  );

  test.each([
    ['Plans', 'PLANS'],
    ['plans', 'pl\u200Bans'],
    ['plans', '\u202Eplans\u2800'],
    ['caf\u00E9', 'CAFE\u0301'],
    ['release plans', 'release\u00A0 plans'],
  ])('%j and %j are one name', async (one, other) => {
    const { owner, projectId } = await world.channel();
    await createChannel(world.as(owner), { projectId, name: one });

    await expect(createChannel(world.as(owner), { projectId, name: other })).rejects.toMatchObject({
      code: 'DUPLICATE',
      field: ['input', 'name'],
    });
  });

  test('ten times at once with one name creates one', async () => {
    const { owner, projectId } = await world.channel();

    const creations = await Promise.allSettled(
      Array.from({ length: 10 }, () => createChannel(world.as(owner), { projectId, name: 'Releases' })),
    );

    expect(creations.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await channelNames(owner, projectId)).toEqual(['general', 'Releases']);
  });

  test('again with the same idempotency key returns the same channel, and refuses another input', async () => {
    const { owner, projectId } = await world.channel();
    const input = { projectId, name: 'Releases', idempotencyKey: 'once' };
    const first = await createChannel(world.as(owner), input);

    const second = await createChannel(world.as(owner), input);

    expect(second.id).toBe(first.id);
    await expect(createChannel(world.as(owner), { ...input, name: 'Other' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test.each([['   '], ['x'.repeat(81)], ['a\0b'], ['\u200B'], ['\u3164'], ['\u2800']])(
    'with the name %j is INVALID and names the argument',
    async (name) => {
      const { owner, projectId } = await world.channel();

      await expect(createChannel(world.as(owner), { projectId, name })).rejects.toMatchObject({
        code: 'INVALID',
        field: ['input', 'name'],
      });
    },
  );
});
