import { z } from 'zod';
import { applyChanges } from '../../../../platform/database/field-table.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { isAuthor } from '../../entities/message.ts';
import { MESSAGE_FIELDS } from '../../entities/message-fields.ts';
import { lockMessage } from './steps/lock-message.ts';
import { publishMessage } from './steps/publish-message.ts';

const Input = z.strictObject({ id: z.string(), body: MESSAGE_FIELDS.body.input });

/**
 * Changes the text of one's own message. The text that it already has is ignored: no event.
 * Throws FORBIDDEN for anybody but the author, INVALID_TRANSITION when the message is deleted.
 */
export const editMessage = defineOperation('messageEdit', Input, (ctx: RequestContext, { id, body }) =>
  ctx.transact(async (tx) => {
    const { message, channel } = await lockMessage(tx, id);
    if (!isAuthor(tx.actor, message)) {
      throw new DomainError('FORBIDDEN', 'Only its author edits a message', { field: ['input', 'id'] });
    }
    if (tx.isRepeat) return message;
    if (message.deletedAt) {
      throw new DomainError('INVALID_TRANSITION', 'A deleted message cannot be edited', {
        field: ['input', 'id'],
      });
    }
    if (applyChanges(message, MESSAGE_FIELDS, { body }).length === 0) return message;
    message.editedAt = await tx.now();
    publishMessage(tx, channel, id);
    return message;
  }),
);
