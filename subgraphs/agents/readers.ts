import { keep } from '../../platform/event-log/keep.ts';
import { on, projection, type Reader } from '../../platform/event-log/readers.ts';
import { cutText } from '../../platform/input/text.ts';
import { ProjectChanged } from '../../schema/events/projects.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../schema/events/tasks.ts';
import { KnownComment } from './entities/known-comment.ts';
import { KnownProject } from './entities/known-project.ts';
import { KnownTask } from './entities/known-task.ts';

/** Those of tasks, of which this subgraph knows no more. */
const FINISHED_CATEGORIES: ReadonlySet<string> = new Set(['DONE', 'CANCELED']);

/** A prompt shows the beginning of a long comment. */
const COMMENT_CHARACTERS_MAX = 5_000;

/**
 * What prompts need of projects, tasks and comments. One reader keeps all three, in the order of the stream: a run on a
 * task that is known finds the project and the comments that came before it.
 */
const tasks = projection('agents.tasks', [
  keep(ProjectChanged, KnownProject, ({ projectId, name, description }) => ({
    id: projectId,
    name,
    description,
  })),
  keep(
    TaskChanged,
    KnownTask,
    ({ taskId, projectId, ref, title, description, category, checklist, openBlockerRefs }) => ({
      ...{ id: taskId, projectId, ref, title, description, checklist, openBlockerRefs },
      isFinished: FINISHED_CATEGORIES.has(category),
      isRemoved: false,
    }),
  ),
  on(TaskRemoved, ({ em }, { taskId }) => em.nativeUpdate(KnownTask, { id: taskId }, { isRemoved: true })),
  keep(CommentAdded, KnownComment, ({ commentId, taskId, authorName, body }, { createdAt }) => ({
    ...{ id: commentId, taskId, authorName },
    body: cutText(body, COMMENT_CHARACTERS_MAX),
    saidAt: createdAt,
  })),
]);

export const READERS: readonly Reader[] = [tasks];
