import { applyChanges } from '../../../../../platform/database/field-table.ts';
import { lockExisting } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Channel } from '../../../entities/channel.ts';
import { CHANNEL_FIELDS } from '../../../entities/channel-fields.ts';
import { authorOf, Message } from '../../../entities/message.ts';
import { publishMessage } from './publish-message.ts';

/**
 * Inserts a message by the actor of the transaction, and publishes it.
 *
 * The channel's row stays locked from counting `seq` to the commit, so the messages of a channel are numbered in the
 * order of their commits, without gaps.
 */
export async function insertMessage(
  tx: Transaction,
  { channelId, body }: { channelId: string; body: string },
): Promise<Message> {
  const createdAt = await tx.now(); // read before the lock, which all senders of the channel wait for
  const channel = await lockExisting(tx, Channel, channelId);
  applyChanges(channel, CHANNEL_FIELDS, { lastSeq: channel.lastSeq + 1 });
  const message = tx.em.create(Message, {
    channelId,
    seq: channel.lastSeq,
    ...authorOf(tx.actor),
    body,
    createdAt,
  });
  await tx.em.flush();
  publishMessage(tx, channel, message.id);
  return message;
}
