import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../../platform/input/errors.ts';
import { Board } from '../../../entities/board.ts';

/**
 * Locks the board of a project until the commit: nobody else numbers its tasks, adds dependencies between them, or
 * finishes, reopens or archives one. Throws NOT_FOUND for a project that has no board yet.
 */
export async function lockBoard(tx: Transaction, projectId: string): Promise<Board> {
  const board = await lockOne(tx, Board, { id: projectId });
  if (!board) throw notFound('Project', projectId, ['input', 'projectId']);
  return board;
}
