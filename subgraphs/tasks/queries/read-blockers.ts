import { related } from '../../../platform/database/find.ts';
import type { Page, PageArguments } from '../../../platform/database/page.ts';
import { BoardColumn, OPEN_CATEGORIES } from '../entities/board-column.ts';
import { Task } from '../entities/task.ts';
import type { TasksContext } from '../loaders.ts';

const OPEN = related(Task, {
  archivedAt: null,
  columnId: related(BoardColumn, { category: { $in: [...OPEN_CATEGORIES] } }),
});

/**
 * A page of the tasks for which a task waits, in the order of their numbers. `openOnly` leaves out those that are done,
 * canceled or archived. Throws INVALID for page arguments that `readPage` refuses.
 */
export async function readBlockers(
  { loaders }: TasksContext,
  taskId: string,
  openOnly: boolean,
  args: PageArguments,
): Promise<Page<Task>> {
  const { edges, pageInfo } = await loaders.dependenciesOf(
    taskId,
    args,
    openOnly ? { blockedById: OPEN } : {},
  );
  const nodes = await Promise.all(edges.map(({ node }) => loaders.task.loadExisting(node.blockedById)));
  return { nodes, edges: edges.map(({ cursor }, index) => ({ cursor, node: nodes[index]! })), pageInfo };
}
