import { DomainError } from '../../../platform/input/errors.ts';
import { isStorable } from '../../../platform/input/input.ts';
import { maySee } from '../access.ts';
import { Task } from '../entities/task.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import type { TasksContext } from '../loaders.ts';
import { findTask } from '../queries/find-task.ts';

export const Query: QueryResolvers = {
  task: async (_root, { id, ref }, ctx) => {
    if ((id == null) === (ref == null))
      throw new DomainError('INVALID', 'Give either `id` or `ref`', { field: ['id'] });
    return id != null ? findTask(ctx, id) : findTaskByRef(ctx, ref!);
  },
};

async function findTaskByRef(ctx: TasksContext, ref: string): Promise<Task | null> {
  const task = isStorable(ref) ? await ctx.em.findOne(Task, { ref: ref.toUpperCase() }) : null;
  return task && (await maySee(ctx, task.projectId)) ? task : null;
}
