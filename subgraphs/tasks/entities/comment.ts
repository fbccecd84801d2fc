import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { ActorKind } from './cause.ts';

const CommentSchema = defineEntity({
  name: 'Comment',
  tableName: 'comment',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    taskId: p.uuid(),
    authorKind: p.string().$type<ActorKind>(),
    authorId: p.uuid(),
    body: p.text(),
    /** The run on which it reports, if it does. */
    runId: p.uuid().nullable(),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
  },
});

/** Something said about a task. */
export class Comment extends CommentSchema.class {}
CommentSchema.setClass(Comment);
