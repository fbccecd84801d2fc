import { createEntityLoader } from '../../platform/loader.ts';
import type { RequestContext } from '../../platform/room.ts';
import { Project } from './entities/project.ts';
import { User } from './entities/user.ts';

/** What a request to this room has. */
export type ProjectsContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

export const extendContext = (ctx: RequestContext): ProjectsContext => ({
  ...ctx,
  loaders: createLoaders(ctx),
});

const createLoaders = ({ em }: RequestContext) => ({
  project: createEntityLoader(em, Project),
  user: createEntityLoader(em, User),
});
