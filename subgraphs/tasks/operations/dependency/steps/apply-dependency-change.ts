import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Cause } from '../../../entities/cause.ts';
import type { Task } from '../../../entities/task.ts';
import { publishTasks } from '../../task/steps/publish-tasks.ts';
import { type Difference, recordChanges } from '../../task/steps/record-changes.ts';

/** Gives a locked task a new version after what it waits for has changed, writes it down, and tells everybody. */
export async function applyDependencyChange(
  tx: Transaction,
  task: Task,
  difference: Difference,
  cause: Cause,
): Promise<void> {
  // The task's own row must change for its version to rise.
  task.updatedAt = new Date();
  recordChanges(tx, task.id, [difference], cause);
  await tx.em.flush();
  await publishTasks(tx, [task], ['blockedBy', 'isBlocked']);
}
