import { mutation } from '../../../platform/subgraph/operation.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { addDependency } from '../operations/dependency/add-dependency.ts';
import { removeDependency } from '../operations/dependency/remove-dependency.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { updateTask } from '../operations/task/update-task.ts';

export const Mutation: MutationResolvers = {
  taskCreate: mutation(createTask, (task) => ({ task })),
  taskUpdate: mutation(updateTask, (task) => ({ task })),
  taskMove: mutation(moveTask, (task) => ({ task })),
  taskArchive: mutation(archiveTask, (task) => ({ task })),
  dependencyAdd: mutation(addDependency, (task) => ({ task })),
  dependencyRemove: mutation(removeDependency, (task) => ({ task })),
  commentAdd: mutation(addComment, (comment) => ({ comment })),
};
