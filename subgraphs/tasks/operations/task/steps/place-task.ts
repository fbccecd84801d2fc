import { LockMode } from '@mikro-orm/core';
import { generateKeyBetween } from 'fractional-indexing';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError, notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { BoardColumn, type ColumnCategory } from '../../../entities/board-column.ts';
import { Task } from '../../../entities/task.ts';

/** Where a task stands: a column, locked, and the rank there. */
export interface Place {
  columnId: string;
  rank: string;
}

/** The tasks between which to stand; with neither, the end of the column. */
export interface Neighbours {
  beforeTaskId?: string | null | undefined;
  afterTaskId?: string | null | undefined;
}

/**
 * Takes a column for this transaction alone, so that nobody else computes a rank in it at the same time.
 * Throws NOT_FOUND when the project has no such column.
 */
export async function lockColumn({ em }: Transaction, projectId: string, id: string): Promise<BoardColumn> {
  const column = isUuid(id)
    ? await em.findOne(BoardColumn, { id, projectId }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    : null;
  if (!column) throw notFound('Column', id, ['input', 'columnId']);
  return column;
}

/** Takes the first column of a category, as `lockColumn` does. Null when the board has none. */
export const lockFirstColumn = (
  { em }: Transaction,
  projectId: string,
  category: ColumnCategory,
): Promise<BoardColumn | null> =>
  em.findOne(
    BoardColumn,
    { projectId, category },
    { orderBy: { rank: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );

/** The place below all other tasks of a locked column. */
export async function endOf(tx: Transaction, columnId: string, taskId: string | null): Promise<Place> {
  return { columnId, rank: generateKeyBetween(await lastRank(tx, columnId, taskId), null) };
}

/**
 * The place for a task between others of a locked column.
 * Throws INVALID when a neighbour is not another task of this column, or the two are in the wrong order.
 */
export async function between(
  tx: Transaction,
  columnId: string,
  taskId: string,
  { beforeTaskId, afterTaskId }: Neighbours,
): Promise<Place> {
  const before =
    beforeTaskId == null ? null : await rankOfNeighbour(tx, columnId, taskId, 'beforeTaskId', beforeTaskId);
  if (afterTaskId == null) {
    if (before === null) return endOf(tx, columnId, taskId);
    return { columnId, rank: generateKeyBetween(await lastRank(tx, columnId, taskId, before), before) };
  }
  const after = await rankOfNeighbour(tx, columnId, taskId, 'afterTaskId', afterTaskId);
  if (before !== null && after >= before) {
    throw new DomainError('INVALID', '`afterTaskId` must stand above `beforeTaskId`', {
      field: ['input', 'afterTaskId'],
    });
  }
  return { columnId, rank: generateKeyBetween(after, await nextRank(tx, columnId, taskId, after)) };
}

async function rankOfNeighbour(
  { em }: Transaction,
  columnId: string,
  taskId: string,
  argument: string,
  neighbourId: string,
): Promise<string> {
  const neighbour =
    isUuid(neighbourId) && neighbourId !== taskId
      ? await em.findOne(Task, { id: neighbourId, columnId, archivedAt: null })
      : null;
  if (!neighbour) {
    throw new DomainError('INVALID', `\`${argument}\` is not another task of this column`, {
      field: ['input', argument],
    });
  }
  return neighbour.rank;
}

/** The lowest rank above `above`, or of the whole column, without the task's own. */
async function lastRank(
  { em }: Transaction,
  columnId: string,
  taskId: string | null,
  above?: string,
): Promise<string | null> {
  const [row]: { rank: string | null }[] = await em.execute(
    `select max(rank) as rank from tasks.task
     where column_id = ? and archived_at is null and id is distinct from ?${above ? ' and rank < ?' : ''}`,
    [columnId, taskId, ...(above ? [above] : [])],
  );
  return row?.rank ?? null;
}

async function nextRank(
  { em }: Transaction,
  columnId: string,
  taskId: string,
  below: string,
): Promise<string | null> {
  const [row]: { rank: string | null }[] = await em.execute(
    `select min(rank) as rank from tasks.task
     where column_id = ? and archived_at is null and id <> ? and rank > ?`,
    [columnId, taskId, below],
  );
  return row?.rank ?? null;
}
