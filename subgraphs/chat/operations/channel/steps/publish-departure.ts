import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { ChannelLeft, channelStream } from '../../../../../schema/events/chat.ts';
import { Channel } from '../../../entities/channel.ts';

/** Publishes in every channel of a project that a person has left it. */
export async function publishDeparture(tx: Transaction, projectId: string, userId: string): Promise<void> {
  for (const { id: channelId } of await tx.em.find(Channel, { projectId })) {
    tx.publish(ChannelLeft, {
      stream: channelStream(channelId),
      subject: userId,
      payload: { channelId, projectId, userId },
    });
  }
}
