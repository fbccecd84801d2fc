import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { TaskChanged } from '../../../../../schema/events/tasks.ts';
import { BoardColumn } from '../../../entities/board-column.ts';
import type { Task } from '../../../entities/task.ts';
import { readBlockers } from '../../dependency/steps/read-blockers.ts';

/**
 * Tells everybody what tasks are from now on. They are locked, written, and not archived: an event of an archived
 * task would put it back on other subgraphs' boards.
 */
export async function publishTasks(
  tx: Transaction,
  tasks: readonly Task[],
  changedFields: readonly string[],
): Promise<void> {
  if (tasks.length === 0) return;
  const columns = await tx.em.find(BoardColumn, { id: { $in: tasks.map(({ columnId }) => columnId) } });
  const categoryById = new Map(columns.map(({ id, category }) => [id, category]));
  const blockers = await readBlockers(
    tx.em,
    tasks.map(({ id }) => id),
  );
  for (const task of tasks) {
    const open = (blockers.get(task.id) ?? []).filter(({ isOpen }) => isOpen);
    tx.publish(TaskChanged, {
      stream: projectStream(task.projectId),
      subject: task.id,
      payload: {
        taskId: task.id,
        projectId: task.projectId,
        ref: task.ref,
        title: task.title,
        description: task.description ?? null,
        category: categoryById.get(task.columnId)!,
        checklist: task.checklist,
        openBlockerRefs: open.map(({ ref }) => ref),
        changedFields: [...changedFields],
      },
    });
  }
}
