import type { Resolvers } from '../generated/resolvers.ts';
import { findTask } from '../queries/find-task.ts';

export const CommentAdded: Resolvers['CommentAdded'] = {
  task: ({ taskId }, _args, ctx) => findTask(ctx, taskId),
  comment: ({ commentId }, _args, ctx) => ctx.loaders.comment.load(commentId),
};
