import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import type { Infrastructure } from '../../platform/subgraph/subgraph.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { ProjectsConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { PROJECTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';

/** Starts the projects subgraph and people. */
export const startProjects = (config: ProjectsConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
    config,
    {
      name: 'projects',
      ...PROJECTS_DATABASE,
      reactions: consumers,
      typeDefs: subgraphSdl('projects'),
      resolvers: { Query, Mutation, Subscription, ...types },
      extendContext,
      port: { setting: 'PROJECTS_PORT', value: config.PROJECTS_PORT },
    },
    lent,
  );
