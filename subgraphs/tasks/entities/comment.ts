import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { ActorKind } from '../../../platform/identity/actor-columns.ts';
import { Task } from './task.ts';

const CommentSchema = defineEntity({
  name: 'Comment',
  tableName: 'comment',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    taskId: () => p.manyToOne(Task).mapToPk().fieldName('task_id'),
    authorKind: p.text().$type<ActorKind>(),
    authorId: p.uuid(),
    body: p.text(),
    /** The run in which an agent wrote it; null for a person. */
    runId: p.uuid().nullable(),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
  },
});

/** A comment on a task. */
export class Comment extends CommentSchema.class {}
CommentSchema.setClass(Comment);
