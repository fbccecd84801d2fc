import { z } from 'zod';
import { defineEvent } from './event.ts';

/** The stream of a channel. Messages are not in the project's stream, so that a busy chat does not slow it down. */
export const channelStream = (channelId: string): string => `channel:${channelId}`;

/** A message was written, edited or deleted. In the stream of its channel. */
export const MessageChanged = defineEvent(
  'chat.message-changed.v1',
  z.object({ messageId: z.uuid(), channelId: z.uuid(), projectId: z.uuid() }),
);

/**
 * A person left the project of a channel. In the stream of the channel, so that the person's subscriptions to the
 * channel end although nobody writes a message.
 */
export const ChannelLeft = defineEvent(
  'chat.channel-left.v1',
  z.object({ channelId: z.uuid(), projectId: z.uuid(), userId: z.uuid() }),
);
