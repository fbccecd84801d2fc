import { z } from 'zod';
import { defineEvent } from './event.ts';

/**
 * A task was created or changed, or one of the tasks for which it waits was finished or reopened; the payload is the task
 * after the change. In the stream of the project.
 */
export const TaskChanged = defineEvent(
  'tasks.task-changed.v1',
  z.object({
    taskId: z.uuid(),
    projectId: z.uuid(),
    ref: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    category: z.string(),
    checklist: z.array(z.object({ text: z.string(), isDone: z.boolean() })),
    /** The refs of the unfinished tasks for which this one waits, in the order of their numbers. */
    openBlockerRefs: z.array(z.string()),
    /** The names of the fields of the GraphQL type `Task` that changed; all of them for a new task. */
    changedFields: z.array(z.string()),
  }),
);

/** A task was archived. It has no later events. In the stream of the project. */
export const TaskRemoved = defineEvent(
  'tasks.task-removed.v1',
  z.object({ taskId: z.uuid(), projectId: z.uuid() }),
);

/** A person or an agent commented on a task. In the stream of the project. */
export const CommentAdded = defineEvent(
  'tasks.comment-added.v1',
  z.object({
    commentId: z.uuid(),
    taskId: z.uuid(),
    projectId: z.uuid(),
    /** The author's name when the comment was written. */
    authorName: z.string(),
    body: z.string(),
  }),
);
