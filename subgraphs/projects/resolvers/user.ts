import type { Resolvers } from '../generated/resolvers.ts';

export const User: Resolvers['User'] = {
  __resolveReference: ({ id }, ctx) => ctx.loaders.user.load(id),
  // A role of the sign-in, which is known of the person who asks and of nobody else.
  workspaceRole: ({ id }, _args, { actor }) =>
    actor.kind === 'person' && actor.id === id ? actor.workspaceRole : null,
};
