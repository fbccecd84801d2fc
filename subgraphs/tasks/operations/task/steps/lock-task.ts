import { lockExisting } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError, requireVersion } from '../../../../../platform/input/errors.ts';
import { Task } from '../../../entities/task.ts';

/**
 * Locks a task that exists until the commit. See `locks.ts` for what must be locked before it.
 * Throws, unless the call is a repeat, VERSION_CONFLICT when it is not at `expectedVersion`, INVALID_TRANSITION when it is archived.
 */
export async function lockTask(
  tx: Transaction,
  id: string,
  {
    expectedVersion,
    field = ['input', 'id'],
  }: { expectedVersion?: number | null | undefined; field?: readonly string[] } = {},
): Promise<Task> {
  const task = await lockExisting(tx, Task, id);
  if (tx.isRepeat) return task;
  requireVersion({ task }, expectedVersion);
  if (task.archivedAt) {
    throw new DomainError('INVALID_TRANSITION', `${task.ref} is archived and cannot change any more`, {
      field,
    });
  }
  return task;
}
