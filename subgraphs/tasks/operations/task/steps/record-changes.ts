import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Cause } from '../../../entities/cause.ts';
import { TaskChange } from '../../../entities/task-change.ts';

/** A field of a task, by its name in the API, before and after a change, as text. */
export interface Difference {
  field: string;
  from: string | null;
  to: string | null;
}

/** Writes lines into a task's history. */
export function recordChanges(
  { em }: Transaction,
  taskId: string,
  differences: readonly Difference[],
  { actorKind, actorId, runId }: Cause,
): void {
  for (const difference of differences) {
    em.create(TaskChange, { taskId, ...difference, actorKind, actorId, runId });
  }
}
