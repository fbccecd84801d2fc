import { payload } from '../../../platform/graphql/user-errors.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';

export const Mutation: MutationResolvers = {
  taskCreate: (_root, { input }, ctx) => payload(async () => ({ task: await createTask(ctx, input) })),
  taskUpdate: (_root, { input }, ctx) => payload(async () => ({ task: await updateTask(ctx, input) })),
  taskMove: (_root, { input }, ctx) => payload(async () => ({ task: await moveTask(ctx, input) })),
  taskArchive: (_root, { input }, ctx) => payload(async () => ({ task: await archiveTask(ctx, input) })),
  dependencyAdd: (_root, { input }, ctx) => payload(async () => ({ task: await addDependency(ctx, input) })),
  dependencyRemove: (_root, { input }, ctx) =>
    payload(async () => ({ task: await removeDependency(ctx, input) })),
  commentAdd: (_root, { input }, ctx) => payload(async () => ({ comment: await addComment(ctx, input) })),
};
