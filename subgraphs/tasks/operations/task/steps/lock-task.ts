import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError, versionConflict } from '../../../../../platform/input/errors.ts';
import { Task } from '../../../entities/task.ts';

/**
 * Takes a task that exists for this transaction alone. Locks are taken in the order project, tasks, column, stream;
 * of two tasks the one for which the other waits comes first.
 *
 * Throws VERSION_CONFLICT when it is not at `expectedVersion`, INVALID_TRANSITION when it is archived.
 */
export async function lockTask(
  { em }: Transaction,
  id: string,
  {
    expectedVersion,
    field = ['input', 'id'],
  }: { expectedVersion?: number | null | undefined; field?: string[] } = {},
): Promise<Task> {
  const task = await em.findOneOrFail(Task, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (expectedVersion != null && task.version !== expectedVersion) throw versionConflict({ task });
  if (task.archivedAt) {
    throw new DomainError('INVALID_TRANSITION', `${task.ref} is archived and changes no more`, { field });
  }
  return task;
}
