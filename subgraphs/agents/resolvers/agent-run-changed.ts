import { notFound } from '../../../platform/input/errors.ts';
import { maySee } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';

export const AgentRunChanged: Resolvers['AgentRunChanged'] = {
  run: async ({ runId, state }, _args, ctx) => {
    // Rights are checked after the row is read: a person who was removed before that must not get the row.
    const run = await ctx.loaders.run.loadExisting(runId);
    if (!(await maySee(ctx, run.projectId))) throw notFound('Run', runId);
    return { ...run, state };
  },
};
