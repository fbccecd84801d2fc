import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { DomainError } from '../../../../platform/input/errors.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireMessage } from '../../access.ts';
import { Message } from '../../entities/message.ts';
import { publishMessage } from './steps/publish-message.ts';

const Input = z.object({ id: z.string() });

/**
 * Takes a message's text away; its place and number stay. A repeat changes nothing.
 * Throws FORBIDDEN for whoever neither wrote it nor is an admin of the project.
 */
export async function deleteMessage(ctx: RequestContext, rawInput: unknown): Promise<Message> {
  const { id } = parseInput(Input, rawInput);
  const { channel, role } = await requireMessage(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const message = await tx.em.findOneOrFail(Message, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (message.authorId !== ctx.viewer.id && role === 'MEMBER') {
      throw new DomainError('FORBIDDEN', "Only its author or the project's admins delete a message", {
        field: ['input', 'id'],
      });
    }
    if (message.deletedAt) return message;
    message.body = '';
    message.deletedAt = new Date();
    publishMessage(tx, channel, id);
    return message;
  });
}
