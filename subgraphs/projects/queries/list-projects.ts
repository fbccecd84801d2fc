import { type Page, type PageArguments, readPage } from '../../../platform/database/page.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { Project } from '../entities/project.ts';
import type { ProjectsContext } from '../loaders.ts';

/** A page of the projects that the actor may see, newest first. */
export async function listProjects(
  { em, grants }: ProjectsContext,
  args: PageArguments,
): Promise<Page<Project>> {
  const ids = await grants.idsOf(projectScope(''));
  return readPage(em, Project, { id: { $in: ids } }, { createdAt: 'desc', id: 'desc' }, args);
}
