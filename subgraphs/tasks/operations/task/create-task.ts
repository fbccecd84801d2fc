import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { once } from '../../../../platform/event-log/idempotency.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, isUuid, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireAssignable, requireProject } from '../../access.ts';
import { byViewer, type Cause } from '../../entities/cause.ts';
import { Task } from '../../entities/task.ts';
import { lockProject } from '../board/steps/lock-project.ts';
import { endOf, lockColumn, lockFirstColumn } from './steps/place-task.ts';
import { publishTasks } from './steps/publish-tasks.ts';
import { recordChanges } from './steps/record-changes.ts';
import { TaskInput } from './steps/task-input.ts';

const Input = z.object({
  ...TaskInput,
  projectId: z.string(),
  columnId: z.string().nullish(),
  parentId: z.string().nullish(),
  priority: TaskInput.priority.default('NONE'),
  checklist: TaskInput.checklist.nullish(),
  idempotencyKey,
});
type Input = z.infer<typeof Input>;

/** The fields of the GraphQL type `Task`: when a task is created, all of them have changed. */
export const TASK_FIELDS = [
  'id',
  'ref',
  'number',
  'version',
  'project',
  'column',
  'category',
  'rank',
  'title',
  'description',
  'checklist',
  'priority',
  'assignee',
  'delegate',
  'reporter',
  'parent',
  'subtasks',
  'subtaskProgress',
  'blockedBy',
  'isBlocked',
  'history',
  'comments',
  'archivedAt',
  'createdAt',
  'updatedAt',
];

/**
 * Creates a task at the end of a column. Its number is the next of its project: counted under a lock, so a number
 * is neither given twice nor left out.
 *
 * Throws INVALID for an assignee who is not a member, and for a parent that is not on the same board;
 * NOT_FOUND for a column that is not.
 */
export async function createTask(ctx: RequestContext, rawInput: unknown): Promise<Task> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  await requireProject(ctx, input.projectId, 'MEMBER', ['input', 'projectId']);
  const call = { actor: ctx.viewer.id, operation: 'taskCreate', key, input };
  return ctx.transact(async (tx) => {
    const id = await once(tx.em, call, () => insertTask(tx, input, byViewer(ctx.viewer)));
    return tx.em.findOneOrFail(Task, { id });
  });
}

async function insertTask(
  tx: Transaction,
  input: Omit<Input, 'idempotencyKey'>,
  cause: Cause,
): Promise<string> {
  const { projectId, title, description, checklist, priority, assigneeId, parentId } = input;
  const project = await lockProject(tx, projectId);
  await requireAssignable(tx, projectId, assigneeId);
  if (parentId != null) await requireParent(tx, projectId, parentId);
  const column = await chooseColumn(tx, projectId, input.columnId);
  project.lastNumber += 1;
  const task = tx.em.create(Task, {
    projectId,
    number: project.lastNumber,
    ref: `${project.key}-${project.lastNumber}`,
    ...(await endOf(tx, column.id, null)),
    title,
    description: description ?? null,
    checklist: checklist ?? [],
    priority,
    assigneeId: assigneeId ?? null,
    reporterId: cause.actorId,
    parentId: parentId ?? null,
  });
  await tx.em.flush();
  recordChanges(tx, task.id, [{ field: 'column', from: null, to: column.name }], cause);
  await publishTasks(tx, [task], TASK_FIELDS);
  return task.id;
}

/** Locks the parent against being archived meanwhile; before the column, as the order of locks wants it. */
async function requireParent({ em }: Transaction, projectId: string, parentId: string): Promise<void> {
  const parent = isUuid(parentId)
    ? await em.findOne(
        Task,
        { id: parentId, projectId, archivedAt: null },
        { lockMode: LockMode.PESSIMISTIC_READ },
      )
    : null;
  if (!parent) {
    throw new DomainError('INVALID', 'The parent must be a task on the same board', {
      field: ['input', 'parentId'],
    });
  }
}

async function chooseColumn(tx: Transaction, projectId: string, columnId: string | null | undefined) {
  if (columnId != null) return lockColumn(tx, projectId, columnId);
  const column = await lockFirstColumn(tx, projectId, 'TODO');
  if (!column) {
    throw new DomainError('INVALID', 'The board has no column of category TODO; name the column', {
      field: ['input', 'columnId'],
    });
  }
  return column;
}
