import type { Resolvers } from '../generated/resolvers.ts';

export const BoardColumn: Resolvers['BoardColumn'] = {
  tasks: ({ id }, args, ctx) => ctx.loaders.tasksOfColumn(id, args),
};
