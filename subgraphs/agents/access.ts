import { findById } from '../../platform/database/find.ts';
import { type Actor, isWorkspaceAdmin, type Person, personOf } from '../../platform/identity/actor.ts';
import { type Grants, requireRole } from '../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../platform/input/errors.ts';
import { isUuid } from '../../platform/input/input.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import type { Role } from '../../schema/roles.ts';
import { projectScope } from '../../schema/scopes.ts';
import type { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { KnownTask } from './entities/known-task.ts';

/** A request or a transaction: both have an actor and read the actor's rights. */
interface WithGrants {
  readonly actor: Actor;
  readonly grants: Grants;
}

/** Throws NOT_FOUND when the actor has no role in the project, and FORBIDDEN for a lesser role than `least`. */
export const requireProject = (
  { grants }: WithGrants,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<Role> =>
  requireRole(grants, projectScope(projectId), least, { kind: 'Project', id: projectId, field });

/**
 * The task that a mutation names, if the actor has the role `least` in its project.
 *
 * A task that this subgraph does not know may have been created a moment ago: all readers catch up once before the
 * answer is NOT_FOUND.
 */
export async function requireTask(
  ctx: RequestContext,
  taskId: string,
  least: Role,
  field: readonly string[],
): Promise<KnownTask> {
  if (!isUuid(taskId)) throw notFound('Task', taskId, field);
  const find = () => ctx.em.findOne(KnownTask, { id: taskId });
  let task = await find();
  if (!task) {
    await ctx.subgraph.catchUp();
    task = await find();
  }
  if (!task) throw notFound('Task', taskId, field);
  await requireRoleForTask(ctx, task, least, field);
  return task;
}

/** Throws NOT_FOUND when the actor has no role in the task's project, and FORBIDDEN for a lesser role than `least`. */
export const requireRoleForTask = (
  { grants }: WithGrants,
  { id, projectId }: KnownTask,
  least: Role,
  field: readonly string[],
): Promise<Role> => requireRole(grants, projectScope(projectId), least, { kind: 'Task', id, field });

/** The run that a request names, if the actor has the role `least` in its project. */
export async function requireRun(
  { em, grants }: WithGrants & Pick<RequestContext, 'em'>,
  runId: string,
  least: Role,
  field: readonly string[],
): Promise<AgentRun> {
  const run = await findById(em, AgentRun, runId);
  if (!run) throw notFound('Run', runId, field);
  await requireRole(grants, projectScope(run.projectId), least, { kind: 'Run', id: runId, field });
  return run;
}

/** Whether the actor may see what belongs to a project. */
export const maySee = async ({ grants }: WithGrants, projectId: string): Promise<boolean> =>
  (await grants.load(projectScope(projectId))) !== null;

/**
 * Whether the actor may see an agent. An agent that all projects may use is visible to every actor. An agent that is
 * restricted to projects is visible to their members, to its owner and to admins of the workspace.
 */
export async function maySeeAgent(looker: WithGrants, agent: Agent): Promise<boolean> {
  if (!agent.projectIds || mayManage(looker, agent)) return true;
  const seen = await Promise.all(agent.projectIds.map((projectId) => maySee(looker, projectId)));
  return seen.includes(true);
}

/**
 * Whether the actor may change an agent and read what only its owner sees: its owner and admins of the workspace may. An
 * agent in a run does not have the ownerships of its person.
 */
export const mayManage = ({ actor }: Pick<WithGrants, 'actor'>, agent: Pick<Agent, 'ownerId'>): boolean =>
  (actor.kind === 'person' && actor.id === agent.ownerId) || isWorkspaceAdmin(actor);

/** Throws FORBIDDEN when the actor may not manage the agent. Throw NOT_FOUND before it for an agent that is invisible. */
export function requireManager(
  looker: Pick<WithGrants, 'actor'>,
  agent: Pick<Agent, 'ownerId'>,
  field: readonly string[],
): void {
  if (mayManage(looker, agent)) return;
  throw new DomainError('FORBIDDEN', 'Only its owner and admins of the workspace may do this', { field });
}

/** Throws FORBIDDEN for everybody who is not an admin of the workspace. `purpose` says what an admin would do. */
export function requireWorkspaceAdmin(
  { actor }: Pick<WithGrants, 'actor'>,
  purpose: string,
  field: readonly string[] = [],
): void {
  if (isWorkspaceAdmin(actor)) return;
  throw new DomainError('FORBIDDEN', `Only admins of the workspace ${purpose}`, { field });
}

/** The person who acts, or for whom an agent acts. Throws for a part of the system, which acts for no person. */
export function personBehind({ actor }: Pick<WithGrants, 'actor'>): Person {
  if (actor.kind === 'system') throw new Error(`${actor.part} acts for no person`);
  return personOf(actor);
}
