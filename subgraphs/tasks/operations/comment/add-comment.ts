import { z } from 'zod';
import { nonBlankText } from '../../../../platform/input/input.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireTask } from '../../access.ts';
import { Comment } from '../../entities/comment.ts';
import { insertComment } from './steps/insert-comment.ts';

const Input = z.strictObject({ taskId: z.string(), body: nonBlankText(20_000) });

/** Writes a comment on a task. An archived task can be commented on, too. */
export const addComment = defineOperation('commentAdd', Input, async (ctx: RequestContext, input) => {
  const task = await requireTask(ctx, input.taskId, 'MEMBER', ['input', 'taskId']);
  return createOnce(ctx, Comment, (tx) => insertComment(tx, task, input.body));
});
