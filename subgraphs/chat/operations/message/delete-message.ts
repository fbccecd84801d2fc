import { z } from 'zod';
import { DomainError } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { isAuthor } from '../../entities/message.ts';
import { lockMessage } from './steps/lock-message.ts';
import { publishMessage } from './steps/publish-message.ts';

const Input = z.strictObject({ id: z.string() });

/**
 * Deletes the text of a message; its row and its number stay. Deleting it again is ignored: no event.
 * Throws FORBIDDEN for anybody but the author and the admins of the project.
 */
export const deleteMessage = defineOperation('messageDelete', Input, (ctx: RequestContext, { id }) =>
  ctx.transact(async (tx) => {
    const { message, channel, role } = await lockMessage(tx, id);
    if (role === 'MEMBER' && !isAuthor(tx.actor, message)) {
      throw new DomainError('FORBIDDEN', "Only its author or the project's admins delete a message", {
        field: ['input', 'id'],
      });
    }
    if (tx.isRepeat || message.deletedAt) return message;
    message.body = '';
    message.deletedAt = await tx.now();
    publishMessage(tx, channel, id);
    return message;
  }),
);
