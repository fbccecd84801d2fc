import { z } from 'zod';
import { defineEvent } from './event.ts';

/** A task was created or changed; the payload is what other subgraphs need to know of it. */
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
    /** The refs of the tasks that must be done first and are not. */
    openBlockerRefs: z.array(z.string()),
    /** Names of fields of the GraphQL type `Task`. */
    changedFields: z.array(z.string()),
  }),
);

/** A task was taken off the board. */
export const TaskRemoved = defineEvent(
  'tasks.task-removed.v1',
  z.object({ taskId: z.uuid(), projectId: z.uuid() }),
);

/** Somebody commented on a task. */
export const CommentAdded = defineEvent(
  'tasks.comment-added.v1',
  z.object({
    commentId: z.uuid(),
    taskId: z.uuid(),
    projectId: z.uuid(),
    /** The name of whoever said it, as it was then. */
    authorName: z.string(),
    body: z.string(),
  }),
);
