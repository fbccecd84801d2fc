import type { Resolvers } from '../generated/resolvers.ts';

export const MemberChanged: Resolvers['MemberChanged'] = {
  user: ({ userId }, _args, ctx) => ctx.loaders.user.load(userId),
};
