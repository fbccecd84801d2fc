import { z } from 'zod';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { idempotencyKey, nonBlankText, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireTask } from '../../access.ts';
import { byViewer } from '../../entities/cause.ts';
import { Comment } from '../../entities/comment.ts';
import { insertComment } from './steps/insert-comment.ts';

const Input = z.object({ taskId: z.string(), body: nonBlankText(20_000), idempotencyKey });

/** Says something about a task, be it on the board or archived. */
export async function addComment(ctx: RequestContext, rawInput: unknown): Promise<Comment> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const task = await requireTask(ctx, input.taskId, 'MEMBER', ['input', 'taskId']);
  const call = { actor: ctx.viewer.id, operation: 'commentAdd', key, input };
  return ctx.transact(async (tx) => {
    const id = await once(tx.em, call, async () => {
      const comment = await insertComment(tx, task, byViewer(ctx.viewer), input.body);
      return comment.id;
    });
    return tx.em.findOneOrFail(Comment, { id });
  });
}
