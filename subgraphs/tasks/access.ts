import type { Transaction } from '../../platform/event-log/transaction.ts';
import { createGrants, requireRole } from '../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../platform/input/errors.ts';
import { isUuid } from '../../platform/input/input.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';
import { KnownProject } from './entities/known-project.ts';
import { Task } from './entities/task.ts';

/**
 * Throws NOT_FOUND for whoever is not a member of the project, FORBIDDEN for a lesser role than `least`.
 * A project that this subgraph has not heard of may have been created a moment ago: it catches up with it.
 */
export async function requireProject(
  ctx: RequestContext,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<void> {
  const stream = projectStream(projectId);
  await requireRole(ctx.grants, stream, least, { kind: 'Project', id: projectId, field });
  const isKnown = (await ctx.em.count(KnownProject, { id: projectId })) > 0;
  if (!isKnown) await ctx.subgraph.catchUp(stream);
}

/** The task that a mutation names, as it was a moment ago, when the viewer has the role `least` in its project. */
export async function requireTask(
  ctx: RequestContext,
  taskId: string,
  least: Role,
  field: readonly string[],
): Promise<Task> {
  const task = isUuid(taskId) ? await ctx.em.findOne(Task, { id: taskId }) : null;
  if (!task) throw notFound('Task', taskId, field);
  await requireRole(ctx.grants, projectStream(task.projectId), least, { kind: 'Task', id: taskId, field });
  return task;
}

/** Throws INVALID for an assignee who is not a member of the project; nobody is fine. */
export async function requireAssignable(
  { em }: Transaction,
  projectId: string,
  assigneeId: string | null | undefined,
): Promise<void> {
  if (assigneeId == null) return;
  const isMember =
    isUuid(assigneeId) && (await createGrants(em, assigneeId).load(projectStream(projectId))) !== null;
  if (!isMember) {
    throw new DomainError('INVALID', 'Only a member of the project can be responsible for its tasks', {
      field: ['input', 'assigneeId'],
    });
  }
}

/** Whether the viewer may see what belongs to a project. */
export const maySee = async (ctx: RequestContext, projectId: string): Promise<boolean> =>
  (await ctx.grants.load(projectStream(projectId))) !== null;
