import type { Transaction } from '../../platform/event-log/transaction.ts';
import { createGrants, requireRole } from '../../platform/identity/grants.ts';
import { notFound } from '../../platform/input/errors.ts';
import { isUuid } from '../../platform/input/input.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';
import type { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { KnownTask } from './entities/known-task.ts';

/** Throws NOT_FOUND for whoever is not a member of the project, FORBIDDEN for a lesser role than `least`. */
export const requireProject = (
  ctx: RequestContext,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<Role> =>
  requireRole(ctx.grants, projectStream(projectId), least, { kind: 'Project', id: projectId, field });

/**
 * The task that a mutation names, when the viewer has the role `least` in its project.
 * A task that this subgraph has not heard of may have been created a moment ago: it catches up once before it says no.
 */
export async function requireTask(
  ctx: RequestContext,
  taskId: string,
  least: Role,
  field: readonly string[],
): Promise<KnownTask> {
  const find = () => ctx.em.findOne(KnownTask, { id: taskId, isRemoved: false });
  if (!isUuid(taskId)) throw notFound('Task', taskId, field);
  let task = await find();
  if (!task) {
    await ctx.subgraph.catchUp();
    task = await find();
  }
  if (!task) throw notFound('Task', taskId, field);
  await requireRole(ctx.grants, projectStream(task.projectId), least, { kind: 'Task', id: taskId, field });
  return task;
}

/** The run that a request names, when the viewer has the role `least` in its project. */
export async function requireRun(
  ctx: RequestContext,
  runId: string,
  least: Role,
  field: readonly string[],
): Promise<AgentRun> {
  const run = isUuid(runId) ? await ctx.em.findOne(AgentRun, { id: runId }) : null;
  if (!run) throw notFound('Run', runId, field);
  await requireRole(ctx.grants, projectStream(run.projectId), least, { kind: 'Run', id: runId, field });
  return run;
}

/** Who looks, and what they may. */
type Looker = Pick<RequestContext, 'viewer' | 'grants'>;

/**
 * The viewer as seen from inside a transaction. The request's own grants are read over another connection: with the
 * embedded database, which has one, that would wait for the end of the transaction for ever.
 */
export const lookerIn = ({ em }: Transaction, { viewer }: RequestContext): Looker => ({
  viewer,
  grants: createGrants(em, viewer.id),
});

/** Whether the viewer may see what belongs to a project. */
export const maySee = async ({ grants }: Looker, projectId: string): Promise<boolean> =>
  (await grants.load(projectStream(projectId))) !== null;

/** Whether the viewer may see an agent: everybody may, unless it is for some projects only. */
export async function maySeeAgent(looker: Looker, agent: Agent): Promise<boolean> {
  if (!agent.projectIds || agent.ownerId === looker.viewer.id) return true;
  const seen = await Promise.all(agent.projectIds.map((projectId) => maySee(looker, projectId)));
  return seen.includes(true);
}
