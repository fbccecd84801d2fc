import { maySee } from '../access.ts';
import type { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';

/**
 * A task, if the actor may see it.
 *
 * The row is read before the right: an event from before a person's removal must not show that person what was written
 * after it.
 */
export async function findTask(ctx: TasksContext, id: string): Promise<Task | null> {
  const task = await ctx.loaders.task.load(id);
  return task && (await maySee(ctx, task.projectId)) ? task : null;
}
