import { z } from 'zod';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireChannel } from '../../access.ts';
import { Message } from '../../entities/message.ts';
import { MESSAGE_FIELDS } from '../../entities/message-fields.ts';
import { insertMessage } from './steps/insert-message.ts';

const Input = z.strictObject({ channelId: z.string(), body: MESSAGE_FIELDS.body.input });

/** Sends a message to a channel; its author is the actor. */
export const sendMessage = defineOperation('messageSend', Input, async (ctx: RequestContext, input) => {
  await requireChannel(ctx, input.channelId, 'MEMBER', ['input', 'channelId']);
  return createOnce(ctx, Message, (tx) => insertMessage(tx, input));
});
