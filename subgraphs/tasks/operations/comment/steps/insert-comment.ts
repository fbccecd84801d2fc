import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { actorColumns } from '../../../../../platform/identity/actor-columns.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { CommentAdded } from '../../../../../schema/events/tasks.ts';
import { Comment } from '../../../entities/comment.ts';
import type { Task } from '../../../entities/task.ts';

/** Writes a comment on a task in the name of the actor, and publishes it. */
export async function insertComment(
  tx: Transaction,
  { id: taskId, projectId }: Task,
  body: string,
): Promise<Comment> {
  const { kind, id, displayName, runId } = actorColumns(tx.actor);
  const comment = tx.em.create(Comment, { taskId, authorKind: kind, authorId: id, body, runId });
  await tx.em.flush();
  tx.publish(CommentAdded, {
    stream: projectStream(projectId),
    subject: comment.id,
    payload: { commentId: comment.id, taskId, projectId, authorName: displayName, body },
  });
  return comment;
}
