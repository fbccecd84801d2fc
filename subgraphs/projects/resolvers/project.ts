import { projectScope } from '../../../schema/scopes.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { findProject } from '../queries/find-project.ts';

export const Project: Resolvers['Project'] = {
  __resolveReference: ({ id }, ctx) => findProject(ctx, id),
  viewerRole: ({ id }, _args, ctx) => ctx.grants.load(projectScope(id)),
  members: ({ id }, args, ctx) => ctx.loaders.membersOf(projectScope(id), args),
};
