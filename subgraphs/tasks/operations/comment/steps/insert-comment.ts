import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { CommentAdded } from '../../../../../schema/events/tasks.ts';
import type { Cause } from '../../../entities/cause.ts';
import { Comment } from '../../../entities/comment.ts';
import type { Task } from '../../../entities/task.ts';

/** Writes a comment on a task and tells everybody. */
export async function insertComment(
  tx: Transaction,
  { id: taskId, projectId }: Task,
  { actorKind, actorId, actorName, runId }: Cause,
  body: string,
): Promise<Comment> {
  const comment = tx.em.create(Comment, { taskId, authorKind: actorKind, authorId: actorId, body, runId });
  await tx.em.flush();
  tx.publish(CommentAdded, {
    stream: projectStream(projectId),
    subject: comment.id,
    payload: { commentId: comment.id, taskId, projectId, authorName: actorName, body },
  });
  return comment;
}
