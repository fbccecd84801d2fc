import { DomainError } from '../../../platform/input/errors.ts';
import { isStorable } from '../../../platform/input/input.ts';
import { maySee } from '../access.ts';
import { Task } from '../entities/task.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import type { TasksContext } from '../loaders.ts';

export const Query: QueryResolvers = {
  task: async (_root, { id, ref }, ctx) => {
    if ((id == null) === (ref == null))
      throw new DomainError('INVALID', 'Give either `id` or `ref`', { field: ['id'] });
    const task = id != null ? await ctx.loaders.task.load(id) : await findByRef(ctx, ref as string);
    return task && (await maySee(ctx, task.projectId)) ? task : null;
  },
};

const findByRef = async ({ em }: TasksContext, ref: string): Promise<Task | null> =>
  isStorable(ref) ? em.findOne(Task, { ref: ref.toUpperCase() }) : null;
