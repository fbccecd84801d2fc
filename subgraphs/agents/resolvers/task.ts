import { maySee } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';

export const Task: Resolvers['Task'] = {
  __resolveReference: ({ id }) => ({ id }),
  activeRun: async ({ id }, _args, ctx) => {
    const run = await ctx.loaders.activeRun.load(id);
    return run && (await maySee(ctx, run.projectId)) ? run : null;
  },
  runs: async ({ id }, args, ctx) =>
    ctx.loaders.runsOfTask(id, args, { projectId: { $in: await ctx.loaders.projectIds() } }),
};
