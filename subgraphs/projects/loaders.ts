import { createEntityLoader } from '../../platform/database/loader.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { Project } from './entities/project.ts';
import { User } from './entities/user.ts';

/** What a request to this subgraph has. */
export type ProjectsContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

export const extendContext = (ctx: RequestContext): ProjectsContext => ({
  ...ctx,
  loaders: createLoaders(ctx),
});

const createLoaders = ({ em }: RequestContext) => ({
  project: createEntityLoader(em, Project),
  user: createEntityLoader(em, User),
});
