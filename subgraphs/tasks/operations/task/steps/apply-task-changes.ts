import { applyChanges, type ChangedProperty } from '../../../../../platform/database/field-table.ts';
import { lockAll } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { TaskRemoved } from '../../../../../schema/events/tasks.ts';
import { BoardColumn, isOpenCategory } from '../../../entities/board-column.ts';
import { Dependency } from '../../../entities/dependency.ts';
import { Task } from '../../../entities/task.ts';
import {
  DEPENDENCY_API_NAMES,
  TASK_FIELDS,
  type TaskChanges,
  type TaskField,
  type ToldChange,
  tellChange,
} from '../../../entities/task-fields.ts';
import { publishTasks } from './publish-tasks.ts';
import { recordChanges } from './record-changes.ts';

type ChangedField = ChangedProperty<TaskField>;

/** The columns in which a task stood before a change and stands after it. */
interface Columns {
  before: BoardColumn;
  after: BoardColumn;
}

/**
 * Changes a locked task, writes its history and publishes it. No-op changes are ignored.
 *
 * `alsoChanged` are fields of other subgraphs that changed with the task: the event names them, also if nothing else did.
 * This is the only place where a task changes. When the change finishes, reopens or archives the task, the tasks that
 * wait for it are published too; the caller then holds the lock on the board.
 */
export async function applyTaskChanges(
  tx: Transaction,
  task: Task,
  changes: TaskChanges,
  alsoChanged: readonly string[] = [],
): Promise<void> {
  const before = await columnOf(tx, task);
  const wasOpen = isOpen(task, before);
  const changed = applyChanges(task, TASK_FIELDS, changes);
  if (changed.length === 0) {
    if (alsoChanged.length > 0) await publishTasks(tx, [task], alsoChanged);
    return;
  }
  const after = await columnOf(tx, task);
  recordChanges(tx, task.id, tellChanges(changed, { before, after }));
  await tx.em.flush();
  if (task.archivedAt) publishRemoval(tx, task);
  else await publishTasks(tx, [task], [...apiNamesOf(changed, { before, after }), ...alsoChanged]);
  if (wasOpen !== isOpen(task, after)) await publishWaitingTasks(tx, task.id);
}

const columnOf = ({ em }: Transaction, { columnId }: Task): Promise<BoardColumn> =>
  em.findOneOrFail(BoardColumn, { id: columnId });

const isOpen = ({ archivedAt }: Task, { category }: BoardColumn): boolean =>
  !archivedAt && isOpenCategory(category);

/** The lines of the history. A move to another column is one line, with the names of the columns. */
function tellChanges(changed: readonly ChangedField[], { before, after }: Columns): ToldChange[] {
  const lines = before.id === after.id ? changed : changed.filter(({ property }) => property !== 'rank');
  return lines.map((change) => ({
    ...tellChange(change),
    ...(change.property === 'columnId' && { from: before.name, to: after.name }),
  }));
}

/** A move to a column of the same category does not change the category. */
const apiNamesOf = (changed: readonly ChangedField[], { before, after }: Columns): string[] =>
  changed
    .flatMap(({ property }): readonly string[] => TASK_FIELDS[property].apiNames)
    .filter((name) => name !== 'category' || before.category !== after.category);

const publishRemoval = (tx: Transaction, { id, projectId }: Task) =>
  tx.publish(TaskRemoved, {
    stream: projectStream(projectId),
    subject: id,
    payload: { taskId: id, projectId },
  });

/**
 * Publishes the tasks that wait for a task. They are locked first: a change of one of them that commits meanwhile would
 * otherwise be followed by an event with its former title.
 */
async function publishWaitingTasks(tx: Transaction, blockedById: string): Promise<void> {
  const dependencies = await tx.em.find(Dependency, { blockedById });
  const waitingIds = dependencies.map(({ taskId }) => taskId);
  const waiting = await lockAll(tx, Task, { id: { $in: waitingIds }, archivedAt: null });
  await publishTasks(tx, waiting, DEPENDENCY_API_NAMES);
}
