import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { DomainError } from '../../../../platform/input/errors.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireMessage } from '../../access.ts';
import { Message } from '../../entities/message.ts';
import { messageBody } from './steps/message-body.ts';
import { publishMessage } from './steps/publish-message.ts';

const Input = z.object({ id: z.string(), body: messageBody });

/**
 * Changes the text of one's own message; the same text again changes nothing.
 * Throws FORBIDDEN for whoever did not write it, INVALID_TRANSITION when it is deleted.
 */
export async function editMessage(ctx: RequestContext, rawInput: unknown): Promise<Message> {
  const { id, body } = parseInput(Input, rawInput);
  const { channel } = await requireMessage(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const message = await tx.em.findOneOrFail(Message, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (message.authorId !== ctx.viewer.id) {
      throw new DomainError('FORBIDDEN', 'Only its author edits a message', { field: ['input', 'id'] });
    }
    if (message.deletedAt) {
      throw new DomainError('INVALID_TRANSITION', 'A deleted message cannot be edited', {
        field: ['input', 'id'],
      });
    }
    if (message.body === body) return message;
    message.body = body;
    message.editedAt = new Date();
    publishMessage(tx, channel, id);
    return message;
  });
}
