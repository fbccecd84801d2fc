import type { Resolvers } from '../generated/resolvers.ts';

export const RunQuestion: Resolvers['RunQuestion'] = {
  kind: ({ choices }) => (choices.length > 0 ? 'CHOICE' : 'TEXT'),
  message: async ({ runId, attempt, body }, _args, ctx) => {
    const attempts = await ctx.loaders.attempts.load(runId);
    return attempts.find(({ number }) => number === attempt)?.message ?? body;
  },
  answeredBy: ({ answeredBy }) => (answeredBy ? { id: answeredBy } : null),
};
