import type { Resolvers } from '../generated/resolvers.ts';
import { findTask } from '../queries/find-task.ts';

export const TaskChanged: Resolvers['TaskChanged'] = {
  task: ({ taskId }, _args, ctx) => findTask(ctx, taskId),
};
