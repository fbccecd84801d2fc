import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import type { Role } from '../../../../../schema/roles.ts';
import { requireProject } from '../../../access.ts';
import { Project } from '../../../entities/project.ts';

/**
 * Locks a project until the commit, and returns it with the actor's role in it.
 *
 * A project and its members change only under this lock, so what is read after it cannot change before the commit.
 * Throws NOT_FOUND when the actor is not a member, and FORBIDDEN for a lesser role than `least`.
 */
export async function lockProject(
  tx: Transaction,
  id: string,
  least: Role,
  field: readonly string[],
): Promise<{ project: Project; role: Role }> {
  const project = isUuid(id) ? await lockOne(tx, Project, { id }) : null;
  if (!project) throw notFound('Project', id, field);
  const role = await requireProject(tx, id, least, field);
  return { project, role };
}
