import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aPerson } from '../../../platform/testing/actors.ts';
import type { ChatContext } from '../loaders.ts';
import { createChannel } from '../operations/channel/create-channel.ts';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const ABSENT = '00000000-0000-7000-8000-000000000001';
const NOT_AN_ID = 'general';

const SEEN = `query ($channelId: ID!, $references: [_Any!]!) {
  channel(id: $channelId) { name }
  _entities(representations: $references) {
    ... on Project { channels { nodes { name } } }
    ... on Channel { name messages { nodes { body } } }
    ... on Message { body channel { name } author { __typename id } } } }`;

const references = (ids: { projectId: string; channelId: string; id: string }) => [
  { __typename: 'Project', id: ids.projectId },
  { __typename: 'Channel', id: ids.channelId },
  { __typename: 'Message', id: ids.id },
];

async function conversation() {
  const channel = await world.channel();
  const { id } = await world.send(channel.owner, channel.channelId, 'Secret');
  return { ...channel, id };
}

/** Every mutation, by its name. */
const CHANGES: Record<
  string,
  (ctx: ChatContext, ids: { projectId: string; channelId: string; id: string }) => Promise<unknown>
> = {
  channelCreate: (ctx, { projectId }) => createChannel(ctx, { projectId, name: 'Mine' }),
  messageSend: (ctx, { channelId }) => world.send(ctx.actor, channelId, 'Mine'),
  messageEdit: (ctx, { id }) => editMessage(ctx, { id, body: 'Mine' }),
  messageDelete: (ctx, { id }) => deleteMessage(ctx, { id }),
};

describe('a person who is not a member', () => {
  test('sees nothing on any path, as if it did not exist', async () => {
    const ids = await conversation();
    const ask = (variables: typeof ids) =>
      world.ask(aPerson('Eve'), SEEN, {
        channelId: variables.channelId,
        references: references(variables),
      });

    const hidden = await ask(ids);
    const absent = await ask({ ...ids, projectId: ABSENT, channelId: ABSENT, id: ABSENT });
    const nonsense = await ask({ ...ids, projectId: NOT_AN_ID, channelId: NOT_AN_ID, id: NOT_AN_ID });

    expect(hidden.data).toEqual({ channel: null, _entities: [null, null, null] });
    expect(absent).toEqual(hidden);
    expect(nonsense).toEqual(hidden);
  });

  test.each(Object.entries(CHANGES))(
    'gets NOT_FOUND from %s, as if the object did not exist',
    async (_name, change) => {
      const ids = await conversation();
      const eve = world.as(aPerson('Eve'));

      await expect(change(eve, ids)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(
        change(eve, { ...ids, projectId: ABSENT, channelId: ABSENT, id: ABSENT }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(
        change(eve, { ...ids, projectId: NOT_AN_ID, channelId: NOT_AN_ID, id: NOT_AN_ID }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );

  test('cannot follow a channel', async () => {
    const { channelId } = await conversation();

    await expect(world.follow(aPerson('Eve'), channelId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(world.follow(aPerson('Eve'), ABSENT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a viewer of the project', () => {
  test('sees everything', async () => {
    const ids = await conversation();
    const viewer = await world.member(ids.projectId, 'VIEWER');

    const { data } = await world.ask(viewer, SEEN, {
      channelId: ids.channelId,
      references: references(ids),
    });

    expect(data).toEqual({
      channel: { name: 'general' },
      _entities: [
        { channels: { nodes: [{ name: 'general' }] } },
        { name: 'general', messages: { nodes: [{ body: 'Secret' }] } },
        {
          body: 'Secret',
          channel: { name: 'general' },
          author: { __typename: 'User', id: ids.owner.id },
        },
      ],
    });
  });

  test.each(Object.entries(CHANGES))('gets FORBIDDEN from %s', async (_name, change) => {
    const ids = await conversation();
    const viewer = await world.member(ids.projectId, 'VIEWER');

    await expect(change(world.as(viewer), ids)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

test('an author who has left the project can neither edit nor delete', async () => {
  const { projectId, channelId } = await world.channel();
  const author = await world.member(projectId, 'MEMBER');
  const { id } = await world.send(author, channelId, 'Hello');
  await world.remove(projectId, author);

  await expect(editMessage(world.as(author), { id, body: 'Bye' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(deleteMessage(world.as(author), { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a mutation reports an expected failure in `userErrors`', async () => {
  const { channelId } = await conversation();

  const { data, errors } = await world.ask(
    aPerson('Eve'),
    'mutation ($c: ID!) { messageSend(input: { channelId: $c, body: "Hi" }) { message { id } userErrors { code field } } }',
    { c: channelId },
  );

  expect(errors).toBeUndefined();
  expect(data.messageSend).toEqual({
    message: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['input', 'channelId'] }],
  });
});
