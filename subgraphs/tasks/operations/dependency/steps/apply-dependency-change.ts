import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Task } from '../../../entities/task.ts';
import { DEPENDENCY_API_NAMES } from '../../../entities/task-fields.ts';
import { publishTasks } from '../../task/steps/publish-tasks.ts';
import { recordChanges } from '../../task/steps/record-changes.ts';

/**
 * Raises the version of a locked task whose dependencies have changed, writes its history and publishes it.
 * `from` and `to` are the ref of the task that blocks, before and after; null for none.
 */
export async function applyDependencyChange(
  tx: Transaction,
  task: Task,
  { from, to }: { from: string | null; to: string | null },
): Promise<void> {
  // Any other time will do: the ORM raises the version of a row that changes, and then writes the time itself.
  task.updatedAt = new Date(task.updatedAt.getTime() + 1);
  recordChanges(tx, task.id, [{ field: DEPENDENCY_API_NAMES[0], from, to }]);
  await tx.em.flush();
  await publishTasks(tx, [task], DEPENDENCY_API_NAMES);
}
