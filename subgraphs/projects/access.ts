import { type Grants, requireRole } from '../../platform/identity/grants.ts';
import type { Role } from '../../schema/roles.ts';
import { projectScope } from '../../schema/scopes.ts';

/** A request or a transaction: both read the rights of their actor. */
interface WithGrants {
  readonly grants: Grants;
}

/**
 * The actor's role in a project. Throws NOT_FOUND when the actor has none, and FORBIDDEN for a lesser role than `least`.
 * `field` is the argument that named the project.
 */
export const requireProject = (
  { grants }: WithGrants,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<Role> =>
  requireRole(grants, projectScope(projectId), least, { kind: 'Project', id: projectId, field });

/** Whether the actor may see a project. */
export const maySee = async ({ grants }: WithGrants, projectId: string): Promise<boolean> =>
  (await grants.load(projectScope(projectId))) !== null;
