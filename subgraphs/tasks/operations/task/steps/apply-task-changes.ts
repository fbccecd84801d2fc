import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { TaskRemoved } from '../../../../../schema/events/tasks.ts';
import { BoardColumn, isOpenCategory } from '../../../entities/board-column.ts';
import type { Cause } from '../../../entities/cause.ts';
import { Dependency } from '../../../entities/dependency.ts';
import { Task } from '../../../entities/task.ts';
import { publishTasks } from './publish-tasks.ts';
import { recordChanges } from './record-changes.ts';

type ChangeableField =
  | 'title'
  | 'description'
  | 'checklist'
  | 'priority'
  | 'assigneeId'
  | 'delegateId'
  | 'columnId'
  | 'rank'
  | 'archivedAt';

/** What can be changed of a task. What is left out or undefined stays. */
export type TaskChanges = { [Field in ChangeableField]?: Task[Field] | undefined };

/**
 * Changes a task that the caller has locked, writes down who changed what, and tells everybody.
 *
 * This is the only place where a task changes: nothing changes without its history and its event. What is already
 * so is no change. When the task is finished or opened again, the tasks that wait for it are told of, too.
 */
export async function applyTaskChanges(
  tx: Transaction,
  task: Task,
  changes: TaskChanges,
  cause: Cause,
): Promise<void> {
  const before = await tell(tx, task);
  tx.em.assign(task, changes as Partial<Task>, { ignoreUndefined: true });
  const after = await tell(tx, task);
  const changedFields = TOLD_FIELDS.filter((field) => before.fields[field] !== after.fields[field]);
  if (changedFields.length === 0) return;
  const differences = changedFields
    .filter((field) => !followsFromMove(field, changedFields))
    .map((field) => ({ field, from: before.fields[field], to: after.fields[field] }));
  recordChanges(tx, task.id, differences, cause);
  await tx.em.flush();
  if (task.archivedAt) publishRemoval(tx, task);
  else await publishTasks(tx, [task], changedFields);
  if (before.isOpen !== after.isOpen) await publishWaiting(tx, task.id);
}

/** In the history, a move to another column is one line. */
const followsFromMove = (field: ToldField, changedFields: readonly ToldField[]): boolean =>
  field === 'category' || (field === 'rank' && changedFields.includes('column'));

const TOLD_FIELDS = [
  'title',
  'description',
  'checklist',
  'priority',
  'assignee',
  'delegate',
  'column',
  'category',
  'rank',
  'archivedAt',
] as const;
type ToldField = (typeof TOLD_FIELDS)[number];

/** A task as its history tells it, by the names of the API. */
async function tell({ em }: Transaction, task: Task) {
  const column = await em.findOneOrFail(BoardColumn, { id: task.columnId });
  const fields: Record<ToldField, string | null> = {
    title: task.title,
    description: task.description ?? null,
    checklist:
      task.checklist.map(({ text, isDone }) => `- [${isDone ? 'x' : ' '}] ${text}`).join('\n') || null,
    priority: task.priority,
    assignee: task.assigneeId ?? null,
    delegate: task.delegateId ?? null,
    column: column.name,
    category: column.category,
    rank: task.rank,
    archivedAt: task.archivedAt?.toISOString() ?? null,
  };
  return { fields, isOpen: !task.archivedAt && isOpenCategory(column.category) };
}

const publishRemoval = (tx: Transaction, { id, projectId }: Task) =>
  tx.publish(TaskRemoved, {
    stream: projectStream(projectId),
    subject: id,
    payload: { taskId: id, projectId },
  });

/**
 * Tells of the tasks that wait for this one. They are locked first: otherwise a change of one of them that commits
 * meanwhile would be followed by an event that still has the old title.
 */
async function publishWaiting(tx: Transaction, blockedById: string): Promise<void> {
  const dependencies = await tx.em.find(Dependency, { blockedById });
  const waiting = await tx.em.find(
    Task,
    { id: { $in: dependencies.map(({ taskId }) => taskId) }, archivedAt: null },
    { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  await publishTasks(tx, waiting, ['blockedBy', 'isBlocked']);
}
