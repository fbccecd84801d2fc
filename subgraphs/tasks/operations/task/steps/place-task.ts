import { generateKeyBetween } from 'fractional-indexing';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { Task } from '../../../entities/task.ts';

/** The place of a task: a column and the rank in it. */
export interface Place {
  columnId: string;
  rank: string;
}

/** The tasks next to a place; with neither, the place is the end of the column. */
export interface Neighbours {
  beforeTaskId?: string | null | undefined;
  afterTaskId?: string | null | undefined;
}

/** The place below all other tasks of a locked column. `taskId` is the task that moves; null for a new one. */
export async function endOf(tx: Transaction, columnId: string, taskId: string | null): Promise<Place> {
  return { columnId, rank: generateKeyBetween(await lastRank(tx, columnId, taskId), null) };
}

/**
 * The place for a task next to others of a locked column.
 * Throws INVALID when a neighbour is not another task of this column, and when the two are in the wrong order.
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

/** The greatest rank in the column, or the greatest less than `below`, without the rank of the task itself. */
async function lastRank(
  { em }: Transaction,
  columnId: string,
  taskId: string | null,
  below?: string,
): Promise<string | null> {
  const [row]: { rank: string | null }[] = await em.execute(
    `select max(rank) as rank from tasks.task
     where column_id = ? and archived_at is null and id is distinct from ?${below ? ' and rank < ?' : ''}`,
    [columnId, taskId, ...(below ? [below] : [])],
  );
  return row?.rank ?? null;
}

/** The least rank in the column that is greater than `above`, without the rank of the task itself. */
async function nextRank(
  { em }: Transaction,
  columnId: string,
  taskId: string,
  above: string,
): Promise<string | null> {
  const [row]: { rank: string | null }[] = await em.execute(
    `select min(rank) as rank from tasks.task
     where column_id = ? and archived_at is null and id <> ? and rank > ?`,
    [columnId, taskId, above],
  );
  return row?.rank ?? null;
}
