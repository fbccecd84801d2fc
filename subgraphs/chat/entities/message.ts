import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../../platform/identity/actor.ts';
import { type ActorKind, actorColumns } from '../../../platform/identity/actor-columns.ts';
import { Channel } from './channel.ts';

const MessageSchema = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    channelId: () => p.manyToOne(Channel).mapToPk().fieldName('channel_id'),
    seq: p.integer(),
    authorKind: p.text().$type<ActorKind>(),
    authorId: p.uuid(),
    /** Empty once deleted. */
    body: p.text(),
    editedAt: p.datetime().length(3).nullable(),
    deletedAt: p.datetime().length(3).nullable(),
    createdAt: p.datetime().length(3),
  },
});

/** A message in a channel. A deleted message keeps its row, so that `seq` has no gaps. */
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message);

/** How a message names its author. Throws for a part of the system: it writes in the name of an agent or a person. */
export function authorOf(actor: Actor): Pick<Message, 'authorKind' | 'authorId'> {
  const { kind, id } = actorColumns(actor);
  return { authorKind: kind, authorId: id };
}

/** Whether an actor wrote a message. An agent is another author than the person it acts for. */
export function isAuthor(actor: Actor, { authorKind, authorId }: Message): boolean {
  const author = authorOf(actor);
  return author.authorKind === authorKind && author.authorId === authorId;
}
