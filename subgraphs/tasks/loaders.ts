import DataLoader from 'dataloader';
import { createEntityLoader } from '../../platform/database/loader.ts';
import { createPageLoader } from '../../platform/database/page-loader.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { BoardColumn } from './entities/board-column.ts';
import { Comment } from './entities/comment.ts';
import { Dependency } from './entities/dependency.ts';
import { Task } from './entities/task.ts';
import { TaskChange } from './entities/task-change.ts';
import { readOpenBlockers } from './operations/dependency/steps/read-open-blockers.ts';
import { readSubtaskProgress } from './queries/read-subtask-progress.ts';

/** The context of a request to this subgraph. */
export type TasksContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

/** Adds the loaders of one request. They keep what they have read, so requests must not share them. */
export const extendContext = (ctx: RequestContext): TasksContext => ({ ...ctx, loaders: createLoaders(ctx) });

const createLoaders = ({ em }: RequestContext) => ({
  task: createEntityLoader(em, Task),
  comment: createEntityLoader(em, Comment),

  /** The columns of a project, from left to right. */
  columnsOf: new DataLoader<string, BoardColumn[]>(async (projectIds) => {
    const columns = await em.find(
      BoardColumn,
      { projectId: { $in: [...projectIds] } },
      { orderBy: { rank: 'asc' } },
    );
    const byProject = Map.groupBy(columns, ({ projectId }) => projectId);
    return projectIds.map((id) => byProject.get(id) ?? []);
  }),

  tasksOfColumn: createPageLoader(em, Task, {
    parent: 'columnId',
    where: { archivedAt: null },
    orderBy: { rank: 'asc', id: 'asc' },
  }),
  subtasksOf: createPageLoader(em, Task, {
    parent: 'parentId',
    where: { archivedAt: null },
    orderBy: { number: 'asc', id: 'asc' },
  }),
  commentsOf: createPageLoader(em, Comment, {
    parent: 'taskId',
    orderBy: { createdAt: 'asc', id: 'asc' },
  }),
  historyOf: createPageLoader(em, TaskChange, {
    parent: 'taskId',
    orderBy: { createdAt: 'desc', id: 'desc' },
  }),
  /** The dependencies of a task that waits. */
  dependenciesOf: createPageLoader(em, Dependency, {
    parent: 'taskId',
    orderBy: { blockerNumber: 'asc', blockedById: 'asc' },
  }),

  isBlocked: new DataLoader<string, boolean>(async (taskIds) => {
    const openBlockers = await readOpenBlockers(em, taskIds);
    return taskIds.map((id) => openBlockers.has(id));
  }),

  subtaskProgress: new DataLoader((taskIds: readonly string[]) => readSubtaskProgress(em, taskIds)),
});
