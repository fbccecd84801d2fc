import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { TaskChanged } from '../../../../../schema/events/tasks.ts';
import { BoardColumn } from '../../../entities/board-column.ts';
import type { Task } from '../../../entities/task.ts';
import { readOpenBlockers } from '../../dependency/steps/read-open-blockers.ts';

/**
 * Publishes tasks as they are now; `changedFields` are names of the API. The tasks are locked, flushed and not archived:
 * an event of an archived task would put it back on the boards of other subgraphs.
 */
export async function publishTasks(
  tx: Transaction,
  tasks: readonly Task[],
  changedFields: readonly string[],
): Promise<void> {
  if (tasks.length === 0) return;
  const columns = await tx.em.find(BoardColumn, { id: { $in: tasks.map(({ columnId }) => columnId) } });
  const categoryById = new Map(columns.map(({ id, category }) => [id, category]));
  const openBlockers = await readOpenBlockers(
    tx.em,
    tasks.map(({ id }) => id),
  );
  for (const task of tasks) {
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
        openBlockerRefs: openBlockers.get(task.id) ?? [],
        changedFields: [...changedFields],
      },
    });
  }
}
