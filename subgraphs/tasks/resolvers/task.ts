import type { Task as TaskRow } from '../entities/task.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import type { TasksContext } from '../loaders.ts';
import { findTask } from '../queries/find-task.ts';
import { readBlockers } from '../queries/read-blockers.ts';
import { actorReference } from './references.ts';

/** The column of a task. A request reads the columns of a board at most once. */
async function columnOf({ projectId, columnId }: TaskRow, { loaders }: TasksContext) {
  const columns = await loaders.columnsOf.load(projectId);
  return columns.find(({ id }) => id === columnId)!;
}

export const Task: Resolvers['Task'] = {
  __resolveReference: ({ id }, ctx) => findTask(ctx, id),
  project: ({ projectId }) => ({ id: projectId }),
  column: (task, _args, ctx) => columnOf(task, ctx),
  category: async (task, _args, ctx) => (await columnOf(task, ctx)).category,
  assignee: ({ assigneeId }) => (assigneeId ? actorReference('User', assigneeId) : null),
  delegate: ({ delegateId }) => (delegateId ? actorReference('Agent', delegateId) : null),
  reporter: ({ reporterId }) => actorReference('User', reporterId),
  parent: ({ parentId }, _args, ctx) => (parentId ? ctx.loaders.task.loadExisting(parentId) : null),
  subtasks: ({ id }, args, ctx) => ctx.loaders.subtasksOf(id, args),
  subtaskProgress: ({ id }, _args, ctx) => ctx.loaders.subtaskProgress.load(id),
  blockedBy: ({ id }, { openOnly, ...args }, ctx) => readBlockers(ctx, id, openOnly ?? true, args),
  isBlocked: ({ id }, _args, ctx) => ctx.loaders.isBlocked.load(id),
  history: ({ id }, args, ctx) => ctx.loaders.historyOf(id, args),
  comments: ({ id }, args, ctx) => ctx.loaders.commentsOf(id, args),
};
