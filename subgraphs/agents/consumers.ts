import { on, type Reaction } from '../../platform/consumer.ts';
import { TaskChanged, TaskRemoved } from '../../schema/events/tasks.ts';

/** Each only writes down what it heard, so hearing it twice changes nothing. */
export const consumers: readonly Reaction[] = [
  on(TaskChanged, async ({ em }, { taskId, projectId, ref, title, description }) => {
    await em.execute(
      `insert into agents.known_task (id, project_id, ref, title, description, is_removed)
       values (?, ?, ?, ?, ?, false)
       on conflict (id) do update
         set ref = excluded.ref, title = excluded.title, description = excluded.description, is_removed = false`,
      [taskId, projectId, ref, title, description],
    );
  }),
  on(TaskRemoved, async ({ em }, { taskId }) => {
    await em.execute('update agents.known_task set is_removed = true where id = ?', [taskId]);
  }),
];
