import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { BoardColumn, type ColumnCategory } from '../../../entities/board-column.ts';

/**
 * Locks a column until the commit, so that nobody else computes a rank in it at the same time.
 * Throws NOT_FOUND when the project has no such column.
 */
export async function lockColumn(tx: Transaction, projectId: string, id: string): Promise<BoardColumn> {
  const column = isUuid(id) ? await lockOne(tx, BoardColumn, { id, projectId }) : null;
  if (!column) throw notFound('Column', id, ['input', 'columnId']);
  return column;
}

/** Locks the first column of a category, as `lockColumn` does. Null when the board has none. */
export const lockFirstColumn = (
  tx: Transaction,
  projectId: string,
  category: ColumnCategory,
): Promise<BoardColumn | null> =>
  lockOne(tx, BoardColumn, { projectId, category }, { orderBy: { rank: 'asc' } });
