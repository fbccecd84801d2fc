import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('following a channel', () => {
  test('yields what is sent, edited and deleted', async () => {
    const { owner, channelId } = await world.channel();
    const followed = await world.follow(owner, channelId);
    expect(await followed.next()).toMatchObject({ __typename: 'StreamCaughtUp' });

    const { id } = await world.send(owner, channelId, 'Hello');
    expect(await followed.next()).toMatchObject({ message: { seq: 1, body: 'Hello' } });
    await editMessage(world.as(owner), { id, body: 'Hello all' });
    expect(await followed.next()).toMatchObject({ message: { seq: 1, body: 'Hello all' } });
    await deleteMessage(world.as(owner), { id });
    expect(await followed.next()).toMatchObject({ message: { seq: 1, body: '' } });
    await followed.end();
  });

  test('after a cursor yields what was missed, then live events, without a gap or a repeat', async () => {
    const { owner, channelId } = await world.channel();
    const first = await world.follow(owner, channelId);
    await first.next();
    await world.send(owner, channelId, 'Seen');
    const { cursor } = await first.next();
    await first.end();
    await world.send(owner, channelId, 'Missed');

    const second = await world.follow(owner, channelId, cursor);
    expect(await second.next()).toMatchObject({ message: { seq: 2, body: 'Missed' } });
    expect(await second.next()).toMatchObject({ __typename: 'StreamCaughtUp' });
    await world.send(owner, channelId, 'Live');
    expect(await second.next()).toMatchObject({ message: { seq: 3, body: 'Live' } });
    await second.end();
  });

  test('with a cursor of another channel is INVALID', async () => {
    const { owner, channelId } = await world.channel();
    const other = await world.channel();
    const followed = await world.follow(other.owner, other.channelId);
    const { cursor } = await followed.next();
    await followed.end();

    await expect(world.follow(owner, channelId, cursor)).rejects.toMatchObject({ code: 'INVALID' });
  });

  test('is allowed to a viewer', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const followed = await world.follow(await world.member(projectId, 'VIEWER'), channelId);
    await followed.next();

    await world.send(owner, channelId, 'Hello');

    expect(await followed.next()).toMatchObject({ message: { body: 'Hello' } });
    await followed.end();
  });

  test('yields nothing from other channels of the project', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const { data } = await world.ask(
      owner,
      'mutation ($p: ID!) { channelCreate(input: { projectId: $p, name: "Other" }) { channel { id } } }',
      { p: projectId },
    );
    const followed = await world.follow(owner, channelId);
    await followed.next();

    await world.send(owner, data.channelCreate.channel.id, 'There');
    await world.send(owner, channelId, 'Here');

    expect(await followed.next()).toMatchObject({ message: { body: 'Here' } });
    await followed.end();
  });
});

describe('a removed member', () => {
  async function followedByMember() {
    const channel = await world.channel();
    const member = await world.member(channel.projectId, 'MEMBER');
    const followed = await world.follow(member, channel.channelId);
    await followed.next();
    return { ...channel, member, followed };
  }

  test('gets nothing that was committed afterwards, and the subscription ends with NOT_FOUND', async () => {
    const { owner, projectId, channelId, member, followed } = await followedByMember();
    const shown: string[] = [];
    const follow = async () => {
      for (;;) {
        const { message } = await followed.next();
        if (message) shown.push(message.body);
      }
    };
    const ended = expect(follow()).rejects.toMatchObject({ code: 'NOT_FOUND' });

    for (const n of [1, 2, 3]) await world.send(owner, channelId, `Before ${n}`);
    await world.remove(projectId, member);
    for (const n of [4, 5, 6]) await world.send(owner, channelId, `After ${n}`);

    await ended;
    expect(shown).toEqual(['Before 1', 'Before 2', 'Before 3'].slice(0, shown.length));
  });

  test('loses the subscription although nobody sends a message', async () => {
    const { projectId, member, followed } = await followedByMember();

    await world.remove(projectId, member);

    await expect(followed.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('who reads late gets no waiting event, and cannot subscribe again with the cursor', async () => {
    const { owner, projectId, channelId, member, followed } = await followedByMember();
    await world.send(owner, channelId, 'Before');
    const { cursor } = await followed.next();
    await world.remove(projectId, member);
    await world.send(owner, channelId, 'After');

    await expect(followed.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(world.follow(member, channelId, cursor)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('does not see a text from after the removal through an event from before it', async () => {
    const { owner, projectId, channelId, member, followed } = await followedByMember();
    const { id } = await world.send(owner, channelId, 'Before');
    const event = await followed.nextUnshown();
    await world.remove(projectId, member);
    await editMessage(world.as(owner), { id, body: 'After' });

    expect(await followed.show(event)).toMatchObject({ __typename: 'MessageChanged', message: null });
    await followed.end();
  });
});
