import { on, type Reaction } from '../../platform/event-log/consumer.ts';
import { cutText } from '../../platform/input/text.ts';
import { ProjectChanged } from '../../schema/events/projects.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../schema/events/tasks.ts';

/** A prompt shows the beginning of a long comment. */
const COMMENT_CHARACTERS_MAX = 5_000;

/** Each only writes down what it heard, so hearing it twice changes nothing. */
export const consumers: readonly Reaction[] = [
  on(ProjectChanged, async ({ em }, { projectId, name, description }) => {
    await em.execute(
      `insert into agents.known_project (id, name, description) values (?, ?, ?)
       on conflict (id) do update set name = excluded.name, description = excluded.description`,
      [projectId, name, description],
    );
  }),
  on(TaskChanged, async ({ em }, task) => {
    await em.execute(
      `insert into agents.known_task
         (id, project_id, ref, title, description, checklist, open_blocker_refs, is_removed)
       values (?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, false)
       on conflict (id) do update
         set ref = excluded.ref, title = excluded.title, description = excluded.description,
           checklist = excluded.checklist, open_blocker_refs = excluded.open_blocker_refs, is_removed = false`,
      [
        task.taskId,
        task.projectId,
        task.ref,
        task.title,
        task.description,
        JSON.stringify(task.checklist),
        JSON.stringify(task.openBlockerRefs),
      ],
    );
  }),
  on(TaskRemoved, async ({ em }, { taskId }) => {
    await em.execute('update agents.known_task set is_removed = true where id = ?', [taskId]);
  }),
  on(CommentAdded, async ({ em }, { commentId, taskId, authorName, body }, { createdAt }) => {
    await em.execute(
      `insert into agents.known_comment (id, task_id, author_name, body, said_at) values (?, ?, ?, ?, ?)
       on conflict (id) do nothing`,
      [commentId, taskId, authorName, cutText(body, COMMENT_CHARACTERS_MAX), createdAt],
    );
  }),
];
