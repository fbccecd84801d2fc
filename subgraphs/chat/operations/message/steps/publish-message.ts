import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { channelStream, MessageChanged } from '../../../../../schema/events/chat.ts';
import type { Channel } from '../../../entities/channel.ts';

/** Publishes in a channel that one of its messages is new or changed. */
export const publishMessage = (
  tx: Transaction,
  { id: channelId, projectId }: Channel,
  messageId: string,
): void =>
  tx.publish(MessageChanged, {
    stream: channelStream(channelId),
    subject: messageId,
    payload: { messageId, channelId, projectId },
  });
