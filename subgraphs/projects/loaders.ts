import { createEntityLoader } from '../../platform/database/loader.ts';
import { createPageLoader } from '../../platform/database/page-loader.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { Member } from './entities/member.ts';
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
  /** The members of a project, by the scope of their grants. */
  membersOf: createPageLoader(em, Member, {
    parent: 'scope',
    orderBy: { joinedAt: 'asc', userId: 'asc' },
  }),
});
