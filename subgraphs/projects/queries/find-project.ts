import { maySee } from '../access.ts';
import type { Project } from '../entities/project.ts';
import type { ProjectsContext } from '../loaders.ts';

/**
 * A project that the actor may see; null for another one, and for one that does not exist.
 * The right is read after the row, so that a change that was committed after the actor's removal is not shown.
 */
export async function findProject(ctx: ProjectsContext, id: string): Promise<Project | null> {
  const project = await ctx.loaders.project.load(id);
  return project && (await maySee(ctx, id)) ? project : null;
}
