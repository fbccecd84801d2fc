import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../../platform/input/errors.ts';
import { KnownProject } from '../../../entities/known-project.ts';

/** Takes a project's numbering and dependencies for this transaction alone. Throws NOT_FOUND when it is not known. */
export async function lockProject({ em }: Transaction, projectId: string): Promise<KnownProject> {
  const project = await em.findOne(KnownProject, { id: projectId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!project) throw notFound('Project', projectId, ['input', 'projectId']);
  return project;
}
