import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../../../platform/database/sql.ts';
import { OPEN_CATEGORIES } from '../../../entities/board-column.ts';

/**
 * The refs of the unfinished tasks for which tasks wait, by the id of the task that waits, in the order of their
 * numbers. A task that is not blocked has no entry.
 */
export async function readOpenBlockers(
  em: EntityManager,
  taskIds: readonly string[],
): Promise<Map<string, string[]>> {
  const rows: { task_id: string; ref: string }[] = await em.execute(
    `select dependency.task_id, blocker.ref
     from tasks.dependency
       join tasks.task as blocker on blocker.id = dependency.blocked_by_id
       join tasks.board_column on board_column.id = blocker.column_id
     where dependency.task_id = any(?) and blocker.archived_at is null and board_column.category = any(?)
     order by dependency.blocker_number`,
    [asArray(taskIds), asArray(OPEN_CATEGORIES)],
  );
  const byTask = Map.groupBy(rows, ({ task_id }) => task_id);
  return new Map([...byTask].map(([taskId, blockers]) => [taskId, blockers.map(({ ref }) => ref)]));
}
