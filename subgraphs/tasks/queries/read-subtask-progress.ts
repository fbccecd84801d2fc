import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../platform/database/sql.ts';

/** How many subtasks of a task there are, and how many of them are done. */
export interface SubtaskProgress {
  done: number;
  total: number;
}

/** The progress of each task's subtasks, in the order of the ids. Canceled and archived subtasks do not count. */
export async function readSubtaskProgress(
  em: EntityManager,
  taskIds: readonly string[],
): Promise<SubtaskProgress[]> {
  const rows: (SubtaskProgress & { parent_id: string })[] = await em.execute(
    `select subtask.parent_id, count(*)::int as total,
       count(*) filter (where board_column.category = 'DONE')::int as done
     from tasks.task as subtask join tasks.board_column on board_column.id = subtask.column_id
     where subtask.parent_id = any(?) and subtask.archived_at is null and board_column.category <> 'CANCELED'
     group by subtask.parent_id`,
    [asArray(taskIds)],
  );
  const byTask = new Map(rows.map(({ parent_id, done, total }) => [parent_id, { done, total }]));
  return taskIds.map((id) => byTask.get(id) ?? { done: 0, total: 0 });
}
