import { generateNKeysBetween } from 'fractional-indexing';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { BoardColumn, type ColumnCategory } from '../../entities/board-column.ts';

/** The columns of a new board, from left to right. */
const FIRST_COLUMNS = [
  ['Backlog', 'BACKLOG'],
  ['To do', 'TODO'],
  ['In progress', 'IN_PROGRESS'],
  ['In review', 'IN_REVIEW'],
  ['Done', 'DONE'],
] as const satisfies readonly (readonly [string, ColumnCategory])[];

/** Creates the board of a project. A project that has a board keeps it, so a repeat changes nothing. */
export async function createBoard(
  { em, locks }: Transaction,
  { projectId, key }: { projectId: string; key: string },
): Promise<void> {
  locks.take('Board');
  const [isNew] = await em.execute(
    `insert into tasks.board (id, key, last_number) values (?, ?, 0)
     on conflict (id) do nothing returning id`,
    [projectId, key],
  );
  if (!isNew) return;
  const ranks = generateNKeysBetween(null, null, FIRST_COLUMNS.length);
  for (const [index, [name, category]] of FIRST_COLUMNS.entries()) {
    em.create(BoardColumn, { projectId, name, category, rank: ranks[index]! });
  }
}
