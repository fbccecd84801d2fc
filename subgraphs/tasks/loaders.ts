import DataLoader from 'dataloader';
import { createEntityLoader } from '../../platform/database/loader.ts';
import { asArray } from '../../platform/database/sql.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { BoardColumn } from './entities/board-column.ts';
import { Comment } from './entities/comment.ts';
import { Task } from './entities/task.ts';
import { type Blocker, readBlockers } from './operations/dependency/steps/read-blockers.ts';

/** What a request to this subgraph has. */
export type TasksContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

export const extendContext = (ctx: RequestContext): TasksContext => ({
  ...ctx,
  loaders: createLoaders(ctx),
});

/** How many of a task's parts are done. */
interface SubtaskProgress {
  done: number;
  total: number;
}

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

  blockers: new DataLoader<string, Blocker[]>(async (taskIds) => {
    const byTask = await readBlockers(em, taskIds);
    return taskIds.map((id) => byTask.get(id) ?? []);
  }),

  subtaskProgress: new DataLoader<string, SubtaskProgress>(async (taskIds) => {
    const rows: (SubtaskProgress & { parent_id: string })[] = await em.execute(
      `select part.parent_id, count(*)::int as total,
         count(*) filter (where board_column.category = 'DONE')::int as done
       from tasks.task as part join tasks.board_column on board_column.id = part.column_id
       where part.parent_id = any(?) and part.archived_at is null and board_column.category <> 'CANCELED'
       group by part.parent_id`,
      [asArray(taskIds)],
    );
    const byTask = new Map(rows.map(({ parent_id, done, total }) => [parent_id, { done, total }]));
    return taskIds.map((id) => byTask.get(id) ?? { done: 0, total: 0 });
  }),
});
