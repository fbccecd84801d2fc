import type { Resolvers } from '../generated/resolvers.ts';

export const User: Resolvers['User'] = {
  __resolveReference: ({ id }, ctx) => ctx.loaders.user.load(id),
};
