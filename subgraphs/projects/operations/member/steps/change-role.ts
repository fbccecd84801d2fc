import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { removeGrant, setGrant } from '../../../../../platform/identity/grants.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { MemberChanged } from '../../../../../schema/events/projects.ts';
import type { Role } from '../../../../../schema/roles.ts';
import { projectScope } from '../../../../../schema/scopes.ts';

/** Gives a person a role in a project, or takes it away when `role` is null, and publishes it. */
export async function changeRole(
  tx: Transaction,
  projectId: string,
  userId: string,
  role: Role | null,
): Promise<void> {
  const scope = projectScope(projectId);
  await (role ? setGrant(tx.em, scope, userId, role) : removeGrant(tx.em, scope, userId));
  tx.publish(MemberChanged, {
    stream: projectStream(projectId),
    subject: userId,
    payload: { projectId, userId, role },
  });
}
