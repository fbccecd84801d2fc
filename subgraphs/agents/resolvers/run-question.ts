import type { Resolvers } from '../generated/resolvers.ts';

export const RunQuestion: Resolvers['RunQuestion'] = {
  kind: ({ choices }) => (choices.length > 0 ? 'CHOICE' : 'TEXT'),
  answeredBy: ({ answeredBy }) => (answeredBy ? { id: answeredBy } : null),
};
