import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { channelStream } from '../../../schema/events/chat.ts';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { sendMessage } from '../operations/message/send-message.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A message by a member who is not the project's owner. */
async function message() {
  const channel = await world.channel();
  const author = await world.member(channel.projectId, 'MEMBER');
  const { id } = await world.send(author, channel.channelId, 'Hello');
  return { ...channel, author, id };
}

/** The ids of the messages in a channel's events, in the order of the events. */
const eventsOf = async (channelId: string) =>
  (await readEvents(world.subgraph.orm.em.fork(), channelStream(channelId), 0, 100)).map(
    ({ subject }) => subject,
  );

describe('sending', () => {
  test('50 messages at once numbers them 1 to 50, in the order of their events', async () => {
    const { owner, channelId } = await world.channel();

    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, n) => world.send(owner, channelId, `Message ${n}`)),
    );

    const inOrder = sent.toSorted((a, b) => a.seq - b.seq);
    expect(inOrder.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(await eventsOf(channelId)).toEqual(inOrder.map(({ id }) => id));
  });

  test('a message that is refused uses no number', async () => {
    const { owner, channelId } = await world.channel();
    const input = { channelId, body: 'Hello', idempotencyKey: 'once' };
    await sendMessage(world.as(owner), input);
    await expect(sendMessage(world.as(owner), { ...input, body: 'Bye' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });

    expect(await world.send(owner, channelId, 'Next')).toMatchObject({ seq: 2 });
  });

  test('ten repeats at once with one idempotency key creates one message and one event', async () => {
    const { owner, channelId } = await world.channel();
    const input = { channelId, body: 'Hello', idempotencyKey: 'once' };

    const sent = await Promise.all(Array.from({ length: 10 }, () => sendMessage(world.as(owner), input)));

    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(await eventsOf(channelId)).toHaveLength(1);
  });

  test('again with the same idempotency key is NOT_FOUND to a member who was removed', async () => {
    const { projectId, channelId } = await world.channel();
    const member = await world.member(projectId, 'MEMBER');
    const input = { channelId, body: 'Hello', idempotencyKey: 'once' };
    await sendMessage(world.as(member), input);
    await world.remove(projectId, member);

    await expect(sendMessage(world.as(member), input)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([[' \n'], ['x'.repeat(20_001)], ['a\0b'], ['\ud800']])('the text %# is INVALID', async (body) => {
    const { owner, channelId } = await world.channel();

    await expect(world.send(owner, channelId, body)).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'body'],
    });
  });
});

describe('editing', () => {
  test('by the author changes the text and keeps the number', async () => {
    const { author, id } = await message();

    const edited = await editMessage(world.as(author), { id, body: 'Hello all' });

    expect(edited).toMatchObject({ seq: 1, body: 'Hello all', editedAt: expect.any(Date) });
  });

  test('by anybody else is FORBIDDEN, even for the owner of the project', async () => {
    const { owner, id } = await message();

    await expect(editMessage(world.as(owner), { id, body: 'Mine' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('to the same text changes nothing and publishes nothing', async () => {
    const { author, id, channelId } = await message();

    expect(await editMessage(world.as(author), { id, body: 'Hello' })).toMatchObject({ editedAt: null });
    expect(await eventsOf(channelId)).toEqual([id]);
  });

  test('a deleted message is INVALID_TRANSITION', async () => {
    const { author, id } = await message();
    await deleteMessage(world.as(author), { id });

    await expect(editMessage(world.as(author), { id, body: 'Back' })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });
});

describe('deleting', () => {
  test('by the author removes the text and keeps the number', async () => {
    const { author, id } = await message();

    const deleted = await deleteMessage(world.as(author), { id });

    expect(deleted).toMatchObject({ seq: 1, body: '', deletedAt: expect.any(Date) });
  });

  test('works for an admin and is FORBIDDEN for another member', async () => {
    const { projectId, id } = await message();
    const admin = await world.member(projectId, 'ADMIN');
    const member = await world.member(projectId, 'MEMBER');

    await expect(deleteMessage(world.as(member), { id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await deleteMessage(world.as(admin), { id })).toMatchObject({ body: '' });
  });

  test('again changes nothing and publishes nothing', async () => {
    const { author, id, channelId } = await message();
    const first = await deleteMessage(world.as(author), { id });

    const second = await deleteMessage(world.as(author), { id });

    expect(second.deletedAt).toEqual(first.deletedAt);
    expect(await eventsOf(channelId)).toEqual([id, id]);
  });

  test('during an edit leaves no text, and a late edit is INVALID_TRANSITION', async () => {
    const { owner, channelId } = await world.channel();
    const ids = await Promise.all(
      Array.from({ length: 10 }, async () => (await world.send(owner, channelId, 'Hello')).id),
    );

    const deletions = ids.map((id) => deleteMessage(world.as(owner), { id }));
    const edits = ids.map((id) => editMessage(world.as(owner), { id, body: 'Back' }));

    const lateEdits = (await Promise.allSettled(edits)).filter((edit) => edit.status === 'rejected');
    for (const { reason } of lateEdits) expect(reason).toMatchObject({ code: 'INVALID_TRANSITION' });
    await Promise.all(deletions);
    for (const id of ids) expect(await world.as(owner).loaders.message.load(id)).toMatchObject({ body: '' });
  });
});
