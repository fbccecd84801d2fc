import { DomainError } from '../../../platform/errors.ts';
import { maySee } from '../access.ts';
import { Task } from '../entities/task.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';

export const Query: QueryResolvers = {
  task: async (_root, { id, ref }, ctx) => {
    if ((id == null) === (ref == null))
      throw new DomainError('INVALID', 'Give either `id` or `ref`', { field: ['id'] });
    const task =
      id != null
        ? await ctx.loaders.task.load(id)
        : await ctx.em.findOne(Task, { ref: (ref as string).toUpperCase() });
    return task && (await maySee(ctx, task.projectId)) ? task : null;
  },
};
