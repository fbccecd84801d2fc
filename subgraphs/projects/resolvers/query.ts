import type { QueryResolvers } from '../generated/resolvers.ts';
import { rememberViewer } from '../operations/user/remember-viewer.ts';
import { findProject } from '../queries/find-project.ts';
import { listProjects } from '../queries/list-projects.ts';

export const Query: QueryResolvers = {
  viewer: async (_root, _args, ctx) => {
    await rememberViewer(ctx);
    return ctx.viewer;
  },
  project: (_root, { id }, ctx) => findProject(ctx, id),
  projects: (_root, args, ctx) => listProjects(ctx, args),
};
