import type { z } from 'zod';
import type { CreateInputs } from '../../../../../platform/database/field-inputs.ts';
import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { personOf } from '../../../../../platform/identity/actor.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { requireAssignable } from '../../../access.ts';
import type { BoardColumn } from '../../../entities/board-column.ts';
import { Task } from '../../../entities/task.ts';
import { ALL_API_NAMES, type TASK_FIELDS } from '../../../entities/task-fields.ts';
import { lockBoard } from '../../board/steps/lock-board.ts';
import { lockColumn, lockFirstColumn } from '../../column/steps/lock-column.ts';
import { endOf } from './place-task.ts';
import { publishTasks } from './publish-tasks.ts';
import { recordChanges } from './record-changes.ts';

/** A task to insert: where it belongs, and the values of its fields. */
export type TaskDraft = {
  projectId: string;
  /** Absent: the first column of category TODO. */
  columnId?: string | null | undefined;
  parentId?: string | null | undefined;
} & z.output<z.ZodObject<CreateInputs<typeof TASK_FIELDS>>>;

/**
 * Inserts a task at the end of a column. Its number is the next of its project: the board stays locked until the
 * commit, so no number is given twice or left out. An agent's tasks are reported by the person for whom it works.
 *
 * Throws INVALID for an assignee who is not a member and for a parent that is not on the same board, NOT_FOUND for a
 * column that is not.
 */
export async function insertTask(tx: Transaction, draft: TaskDraft): Promise<Task> {
  const { projectId, columnId, parentId, ...values } = draft;
  const board = await lockBoard(tx, projectId);
  const column = await chooseColumn(tx, projectId, columnId);
  if (parentId != null) await requireParent(tx, projectId, parentId);
  await requireAssignable(tx, projectId, values.assigneeId);
  board.lastNumber += 1;
  const task = tx.em.create(Task, {
    ...values,
    checklist: values.checklist ?? [],
    projectId,
    number: board.lastNumber,
    ref: `${board.key}-${board.lastNumber}`,
    ...(await endOf(tx, column.id, null)),
    reporterId: reporterOf(tx),
    parentId: parentId ?? null,
  });
  await tx.em.flush();
  recordChanges(tx, task.id, [{ field: 'column', from: null, to: column.name }]);
  await publishTasks(tx, [task], ALL_API_NAMES);
  return task;
}

function reporterOf({ actor }: Transaction): string {
  if (actor.kind === 'system')
    throw new Error(`${actor.part} must act for a person or an agent to create tasks`);
  return personOf(actor).id;
}

/** Shares the lock on the parent with others that only need it to stay on the board. */
async function requireParent(tx: Transaction, projectId: string, id: string): Promise<void> {
  const isOnBoard =
    isUuid(id) && (await lockOne(tx, Task, { id, projectId, archivedAt: null }, { isShared: true })) !== null;
  if (!isOnBoard) {
    throw new DomainError('INVALID', 'The parent must be a task on the same board', {
      field: ['input', 'parentId'],
    });
  }
}

async function chooseColumn(
  tx: Transaction,
  projectId: string,
  columnId: string | null | undefined,
): Promise<BoardColumn> {
  if (columnId != null) return lockColumn(tx, projectId, columnId);
  const column = await lockFirstColumn(tx, projectId, 'TODO');
  if (!column) {
    throw new DomainError('INVALID', 'The board has no column of category TODO; name the column', {
      field: ['input', 'columnId'],
    });
  }
  return column;
}
