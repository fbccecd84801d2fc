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

/** Remembers a project and makes its board. A project known already keeps its board, so a repeat changes nothing. */
export async function createBoard(
  { em }: Transaction,
  { projectId, key }: { projectId: string; key: string },
): Promise<void> {
  const [isNew] = await em.execute(
    `insert into tasks.known_project (id, key, last_number) values (?, ?, 0)
     on conflict (id) do nothing returning id`,
    [projectId, key],
  );
  if (!isNew) return;
  const ranks = generateNKeysBetween(null, null, FIRST_COLUMNS.length);
  for (const [index, [name, category]] of FIRST_COLUMNS.entries()) {
    em.create(BoardColumn, { projectId, name, category, rank: ranks[index]! });
  }
}
