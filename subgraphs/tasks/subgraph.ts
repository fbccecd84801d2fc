import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import type { Infrastructure } from '../../platform/subgraph/subgraph.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { TasksConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { TASKS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';

/** Starts the subgraph of boards and tasks. */
export const startTasks = (config: TasksConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
    config,
    {
      name: 'tasks',
      ...TASKS_DATABASE,
      reactions: consumers,
      typeDefs: subgraphSdl('tasks'),
      resolvers: { Query, Mutation, Subscription, ...types },
      extendContext,
      port: { setting: 'TASKS_PORT', value: config.TASKS_PORT },
    },
    lent,
  );
