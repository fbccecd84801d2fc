import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Person } from '../../../../../platform/identity/actor.ts';
import { Project } from '../../../entities/project.ts';
import { changeRole } from '../../member/steps/change-role.ts';
import { rememberUser } from '../../user/steps/remember-user.ts';
import { publishProject } from './publish-project.ts';

/** Inserts a project with its owner, and publishes both. The constraint `project_key_unique` refuses a taken key. */
export async function insertProject(
  tx: Transaction,
  owner: Person,
  values: { key: string; name: string; description?: string | null | undefined },
): Promise<Project> {
  const now = await tx.now();
  const project = tx.em.create(Project, {
    ...values,
    description: values.description ?? null,
    createdAt: now,
    updatedAt: now,
  });
  await tx.em.flush();
  publishProject(tx, project);
  await rememberUser(tx, owner);
  await changeRole(tx, project.id, owner.id, 'OWNER');
  return project;
}
