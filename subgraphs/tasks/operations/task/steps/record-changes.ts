import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { actorColumns } from '../../../../../platform/identity/actor-columns.ts';
import { TaskChange } from '../../../entities/task-change.ts';
import type { ToldChange } from '../../../entities/task-fields.ts';

/** Writes lines into a task's history, in the name of the actor. */
export function recordChanges(
  { em, actor }: Transaction,
  taskId: string,
  changes: readonly ToldChange[],
): void {
  const { kind, id, runId } = actorColumns(actor);
  for (const change of changes) {
    em.create(TaskChange, { taskId, ...change, actorKind: kind, actorId: id, runId });
  }
}
