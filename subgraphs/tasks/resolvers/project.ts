import { projectStream } from '../../../schema/events/event.ts';
import { maySee } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';

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
