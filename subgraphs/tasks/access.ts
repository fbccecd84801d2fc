import { findById } from '../../platform/database/find.ts';
import type { Transaction } from '../../platform/event-log/transaction.ts';
import { readRole, requireRole } from '../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../platform/input/errors.ts';
import { isUuid } from '../../platform/input/input.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';
import { projectScope } from '../../schema/scopes.ts';
import { Board } from './entities/board.ts';
import { Task } from './entities/task.ts';

/**
 * Requires a role in a project. Throws NOT_FOUND for an actor who has none, FORBIDDEN for a role below `least`.
 *
 * A project without a board may have been created a moment ago: its events are read before this returns.
 */
export async function requireProject(
  ctx: RequestContext,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<void> {
  await requireRole(ctx.grants, projectScope(projectId), least, { kind: 'Project', id: projectId, field });
  const hasBoard = (await ctx.em.count(Board, { id: projectId })) > 0;
  if (!hasBoard) await ctx.subgraph.catchUp(projectStream(projectId));
}

/**
 * The task that a mutation names, not locked. Throws NOT_FOUND for an actor without a role in its project, FORBIDDEN
 * for a role below `least`.
 */
export async function requireTask(
  ctx: RequestContext,
  taskId: string,
  least: Role,
  field: readonly string[],
): Promise<Task> {
  const task = await findById(ctx.em, Task, taskId);
  if (!task) throw notFound('Task', taskId, field);
  await requireRole(ctx.grants, projectScope(task.projectId), least, { kind: 'Task', id: taskId, field });
  return task;
}

/** Throws INVALID for an assignee who is not a member of the project. Null and undefined are no assignee. */
export async function requireAssignable(
  tx: Transaction,
  projectId: string,
  assigneeId: string | null | undefined,
): Promise<void> {
  if (assigneeId == null || (await isMember(tx, projectId, assigneeId))) return;
  throw new DomainError('INVALID', 'Only a member of the project can be responsible for its tasks', {
    field: ['input', 'assigneeId'],
  });
}

async function isMember(tx: Transaction, projectId: string, personId: string): Promise<boolean> {
  if (!isUuid(personId)) return false;
  return (await readRole(tx.em, projectScope(projectId), personId)) !== null;
}

/** Whether the actor may see what belongs to a project. */
export const maySee = async (ctx: RequestContext, projectId: string): Promise<boolean> =>
  (await ctx.grants.load(projectScope(projectId))) !== null;
