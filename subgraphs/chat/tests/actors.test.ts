import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemPart } from '../../../platform/identity/actor.ts';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { insertMessage } from '../operations/message/steps/insert-message.ts';
import { anAgent, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const SEND = `mutation ($input: MessageSendInput!) { messageSend(input: $input) {
  message { id seq author { __typename id } } userErrors { code } } }`;

describe('an agent in a run', () => {
  test('sends a message as its author, and edits and deletes it', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const agent = anAgent(owner, projectId);

    const { data } = await world.ask(agent, SEND, { input: { channelId, body: 'Done' } });

    expect(data.messageSend).toMatchObject({
      message: { seq: 1, author: { __typename: 'Agent', id: agent.id } },
      userErrors: [],
    });
    const { id } = data.messageSend.message;
    expect(await editMessage(world.as(agent), { id, body: 'All done' })).toMatchObject({ body: 'All done' });
    expect(await deleteMessage(world.as(agent), { id })).toMatchObject({ body: '' });
  });

  test('changes no message of its person, although the person is the owner of the project', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const { id } = await world.send(owner, channelId, 'Hello');
    const agent = world.as(anAgent(owner, projectId));

    await expect(editMessage(agent, { id, body: 'Bye' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(deleteMessage(agent, { id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('has messages that its person cannot edit', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const { id } = await world.send(anAgent(owner, projectId), channelId, 'Done');

    await expect(editMessage(world.as(owner), { id, body: 'Not done' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('sees no channel of another project of its person', async () => {
    const { owner, channelId } = await world.channel();
    const agent = anAgent(owner, randomUUID());

    await expect(world.send(agent, channelId, 'Hello')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('and its person use the same idempotency key for different calls', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const input = { channelId, body: 'Hello', idempotencyKey: 'once' };

    const byPerson = await world.ask(owner, SEND, { input });
    const byAgent = await world.ask(anAgent(owner, projectId), SEND, { input });

    expect([byPerson, byAgent].map(({ data }) => data.messageSend.message.seq)).toEqual([1, 2]);
  });
});

describe('a reader of the log', () => {
  test('sends a message in the name of an agent, without a request', async () => {
    const { owner, projectId, channelId } = await world.channel();
    const agent = anAgent(owner, projectId);

    const message = await world.subgraph.transact(systemPart('chat.answers'), (tx) =>
      insertMessage(tx.actingAs(agent), { channelId, body: 'The answer' }),
    );

    expect(message).toMatchObject({ seq: 1, authorKind: 'Agent', authorId: agent.id });
  });

  test('cannot send a message in its own name', async () => {
    const { channelId } = await world.channel();
    const sending = world.subgraph.transact(systemPart('chat.answers'), (tx) =>
      insertMessage(tx, { channelId, body: 'The answer' }),
    );

    await expect(sending).rejects.toThrow('chat.answers must act in the name of a person or an agent');
  });
});
