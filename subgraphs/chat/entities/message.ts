import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

/** What spoke; the names of the GraphQL types that implement `Actor`. */
export type AuthorKind = 'User' | 'Agent';

const MessageSchema = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    channelId: p.uuid(),
    seq: p.integer(),
    authorKind: p.string().$type<AuthorKind>(),
    authorId: p.uuid(),
    /** Empty once deleted. */
    body: p.text(),
    editedAt: p.datetime().length(3).nullable(),
    deletedAt: p.datetime().length(3).nullable(),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
  },
});

/** Something said in a channel. The row outlives its text, so that `seq` has no gaps. */
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message);
