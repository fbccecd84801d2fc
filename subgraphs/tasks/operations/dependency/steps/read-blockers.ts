import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../../../platform/database/sql.ts';
import { type ColumnCategory, isOpenCategory } from '../../../entities/board-column.ts';

/** A task for which another one waits. */
export interface Blocker {
  id: string;
  ref: string;
  /** It is still to be done: neither done nor canceled nor archived. */
  isOpen: boolean;
}

interface Row {
  task_id: string;
  id: string;
  ref: string;
  is_on_board: boolean;
  category: ColumnCategory;
}

/** What tasks wait for, by the waiting task's id, in the order of the blockers' numbers. Absent: for nothing. */
export async function readBlockers(
  em: EntityManager,
  taskIds: readonly string[],
): Promise<Map<string, Blocker[]>> {
  const rows: Row[] = await em.execute(
    `select dependency.task_id, blocker.id, blocker.ref,
       blocker.archived_at is null as is_on_board, board_column.category
     from tasks.dependency
       join tasks.task as blocker on blocker.id = dependency.blocked_by_id
       join tasks.board_column on board_column.id = blocker.column_id
     where dependency.task_id = any(?)
     order by blocker.number`,
    [asArray(taskIds)],
  );
  const byTask = Map.groupBy(rows, ({ task_id }) => task_id);
  return new Map(
    [...byTask].map(([taskId, blockers]) => [
      taskId,
      blockers.map(({ id, ref, is_on_board, category }) => ({
        id,
        ref,
        isOpen: is_on_board && isOpenCategory(category),
      })),
    ]),
  );
}
