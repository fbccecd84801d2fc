import type { Resolvers } from '../generated/resolvers.ts';
import { findProject } from '../queries/find-project.ts';

export const ProjectChanged: Resolvers['ProjectChanged'] = {
  project: ({ projectId }, _args, ctx) => findProject(ctx, projectId),
};
