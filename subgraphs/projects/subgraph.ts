import type { Infrastructure } from '../../platform/subgraph/infrastructure.ts';
import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { ProjectsConfig } from './config.ts';
import { PROJECTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { LOCKS } from './locks.ts';
import { READERS } from './readers.ts';
import { MemberChanged } from './resolvers/member-changed.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Project } from './resolvers/project.ts';
import { ProjectChanged } from './resolvers/project-changed.ts';
import { ProjectMember } from './resolvers/project-member.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import { User } from './resolvers/user.ts';

/** The projects subgraph, apart from its settings. */
export const PROJECTS_SUBGRAPH = {
  name: 'projects',
  ...PROJECTS_DATABASE,
  readers: READERS,
  locks: LOCKS,
  typeDefs: subgraphSdl('projects'),
  resolvers: { Query, Mutation, Subscription, Project, User, ProjectMember, ProjectChanged, MemberChanged },
  extendContext,
};

/** Starts the subgraph of projects, their members and people. */
export const startProjects = (config: ProjectsConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
    config,
    { ...PROJECTS_SUBGRAPH, port: { setting: 'PROJECTS_PORT', value: config.PROJECTS_PORT } },
    lent,
  );
