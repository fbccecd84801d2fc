import type { Resolvers } from '../generated/resolvers.ts';

export const ProjectMember: Resolvers['ProjectMember'] = {
  user: ({ userId }, _args, ctx) => ctx.loaders.user.loadExisting(userId),
};
