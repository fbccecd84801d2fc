import { readPage } from '../../../platform/database/page.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { maySee } from '../access.ts';
import type { ActorKind } from '../entities/cause.ts';
import { Comment as CommentEntity } from '../entities/comment.ts';
import { Task as TaskEntity } from '../entities/task.ts';
import { TaskChange as TaskChangeEntity } from '../entities/task-change.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import type { TasksContext } from '../loaders.ts';

/** Whoever acts, by id. Names and pictures are @external: the gateway fetches them from the actor's own subgraph. */
const actor = (__typename: ActorKind, id: string) => ({ __typename, id }) as never;

/**
 * A task, if the viewer may see it. The row is read before the right: an event from before a removal must not show
 * whoever was removed what was written after it.
 */
async function findTask(ctx: TasksContext, id: string): Promise<TaskEntity | null> {
  const task = await ctx.loaders.task.load(id);
  return task && (await maySee(ctx, task.projectId)) ? task : null;
}

/** The column of a task, found among all of its board, which a request reads at most once. */
async function columnOf({ projectId, columnId }: TaskEntity, ctx: TasksContext) {
  const columns = await ctx.loaders.columnsOf.load(projectId);
  return columns.find(({ id }) => id === columnId)!;
}

export const Project: Resolvers['Project'] = {
  __resolveReference: async ({ id }, ctx) => ((await maySee(ctx, id)) ? { id } : null),
  columns: async ({ id }, _args, ctx) => {
    const { columnsOf } = ctx.loaders;
    const columns = await columnsOf.load(id);
    if (columns.length > 0) return columns;
    // The project may have been created a moment ago.
    await ctx.subgraph.catchUp(projectStream(id));
    return columnsOf.clear(id).load(id);
  },
};

export const BoardColumn: Resolvers['BoardColumn'] = {
  tasks: ({ id }, args, ctx) =>
    readPage(ctx.em, TaskEntity, { columnId: id, archivedAt: null }, { rank: 'asc', id: 'asc' }, args),
};

export const Task: Resolvers['Task'] = {
  __resolveReference: ({ id }, ctx) => findTask(ctx, id),
  project: ({ projectId }) => ({ id: projectId }),
  column: (task, _args, ctx) => columnOf(task, ctx),
  category: async (task, _args, ctx) => (await columnOf(task, ctx)).category,
  assignee: ({ assigneeId }) => (assigneeId ? actor('User', assigneeId) : null),
  delegate: ({ delegateId }) => (delegateId ? actor('Agent', delegateId) : null),
  reporter: ({ reporterId }) => actor('User', reporterId),
  parent: ({ parentId }, _args, ctx) => (parentId ? ctx.loaders.task.loadExisting(parentId) : null),
  subtasks: ({ id }, args, ctx) =>
    readPage(ctx.em, TaskEntity, { parentId: id, archivedAt: null }, { number: 'asc', id: 'asc' }, args),
  subtaskProgress: ({ id }, _args, ctx) => ctx.loaders.subtaskProgress.load(id),
  blockedBy: async ({ id }, { openOnly, ...args }, ctx) => {
    const blockers = await ctx.loaders.blockers.load(id);
    const shown = openOnly === false ? blockers : blockers.filter(({ isOpen }) => isOpen);
    const where = { id: { $in: shown.map((blocker) => blocker.id) } };
    return readPage(ctx.em, TaskEntity, where, { number: 'asc', id: 'asc' }, args);
  },
  isBlocked: async ({ id }, _args, ctx) => (await ctx.loaders.blockers.load(id)).some(({ isOpen }) => isOpen),
  history: ({ id }, args, ctx) =>
    readPage(ctx.em, TaskChangeEntity, { taskId: id }, { createdAt: 'desc', id: 'desc' }, args),
  comments: ({ id }, args, ctx) =>
    readPage(ctx.em, CommentEntity, { taskId: id }, { createdAt: 'asc', id: 'asc' }, args),
};

export const TaskChange: Resolvers['TaskChange'] = {
  actor: ({ actorKind, actorId }) => actor(actorKind, actorId),
  run: ({ runId }) => (runId ? { id: runId } : null),
};

export const Comment: Resolvers['Comment'] = {
  author: ({ authorKind, authorId }) => actor(authorKind, authorId),
  run: ({ runId }) => (runId ? { id: runId } : null),
};

export const TaskChanged: Resolvers['TaskChanged'] = {
  task: ({ taskId }, _args, ctx) => findTask(ctx, taskId),
};

export const CommentAdded: Resolvers['CommentAdded'] = {
  task: ({ taskId }, _args, ctx) => findTask(ctx, taskId),
  comment: ({ commentId }, _args, ctx) => ctx.loaders.comment.load(commentId),
};
