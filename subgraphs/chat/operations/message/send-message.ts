import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { idempotencyKey, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireChannel } from '../../access.ts';
import { Channel } from '../../entities/channel.ts';
import { Message } from '../../entities/message.ts';
import { messageBody } from './steps/message-body.ts';
import { publishMessage } from './steps/publish-message.ts';

const Input = z.object({ channelId: z.string(), body: messageBody, idempotencyKey });

/**
 * Says something in a channel. The channel's row stays locked from counting `seq` up to the commit,
 * so the messages of a channel are numbered in the order of their commits, without a gap.
 */
export async function sendMessage(ctx: RequestContext, rawInput: unknown): Promise<Message> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const { id: channelId } = await requireChannel(ctx, input.channelId, 'MEMBER', ['input', 'channelId']);
  const call = { actor: ctx.viewer.id, operation: 'messageSend', key, input };
  return ctx.transact(async (tx) => {
    const id = await once(tx.em, call, async () => {
      const channel = await tx.em.findOneOrFail(
        Channel,
        { id: channelId },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      channel.lastSeq += 1;
      const message = tx.em.create(Message, {
        channelId,
        seq: channel.lastSeq,
        authorKind: 'User',
        authorId: ctx.viewer.id,
        body: input.body,
      });
      await tx.em.flush();
      publishMessage(tx, channel, message.id);
      return message.id;
    });
    return tx.em.findOneOrFail(Message, { id });
  });
}
