import { defineEntity, p } from '@mikro-orm/core';

const KnownCommentSchema = defineEntity({
  name: 'KnownComment',
  tableName: 'known_comment',
  properties: {
    id: p.uuid().primary(),
    taskId: p.uuid(),
    authorName: p.text(),
    body: p.text(),
    saidAt: p.datetime().length(3),
  },
});

/** A comment on a task, for prompts. A projection of `CommentAdded`. */
export class KnownComment extends KnownCommentSchema.class {}
KnownCommentSchema.setClass(KnownComment);
