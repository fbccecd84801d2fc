import { requireRole } from '../../platform/identity/grants.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';

/** Throws NOT_FOUND for whoever is not a member of the project, FORBIDDEN for a lesser role than `least`. */
export const requireProject = (
  ctx: RequestContext,
  projectId: string,
  least: Role,
  field?: readonly string[],
): Promise<Role> =>
  requireRole(ctx.grants, projectStream(projectId), least, {
    kind: 'Project',
    id: projectId,
    ...(field && { field }),
  });
