import type { Infrastructure } from '../../platform/subgraph/infrastructure.ts';
import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { TasksConfig } from './config.ts';
import { TASKS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { LOCKS } from './locks.ts';
import { READERS } from './readers.ts';
import { BoardColumn } from './resolvers/board-column.ts';
import { Comment } from './resolvers/comment.ts';
import { CommentAdded } from './resolvers/comment-added.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Project } from './resolvers/project.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import { Task } from './resolvers/task.ts';
import { TaskChange } from './resolvers/task-change.ts';
import { TaskChanged } from './resolvers/task-changed.ts';

/** The tasks subgraph, apart from its settings. */
export const TASKS_SUBGRAPH = {
  name: 'tasks',
  ...TASKS_DATABASE,
  readers: READERS,
  locks: LOCKS,
  typeDefs: subgraphSdl('tasks'),
  resolvers: {
    ...{ Query, Mutation, Subscription },
    ...{ Project, BoardColumn, Task, TaskChange, Comment, TaskChanged, CommentAdded },
  },
  extendContext,
};

/** Starts the subgraph of boards and tasks. */
export const startTasks = (config: TasksConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
    config,
    {
      ...TASKS_SUBGRAPH,
      port: { setting: 'TASKS_PORT', value: config.TASKS_PORT },
      // A step of a run cannot be heard again once its event is removed.
      retention: [{ table: 'followed_step', timeColumn: 'followed_at', days: config.RETENTION_EVENTS_DAYS }],
    },
    lent,
  );
