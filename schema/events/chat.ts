import { z } from 'zod';
import { defineEvent } from './event.ts';

/** The stream of a channel: its messages, apart from the project's stream so that a busy chat slows nothing else. */
export const channelStream = (channelId: string): string => `channel:${channelId}`;

/** A message was written, edited or deleted; in the stream of its channel. */
export const MessageChanged = defineEvent(
  'chat.message-changed.v1',
  z.object({ messageId: z.uuid(), channelId: z.uuid(), projectId: z.uuid() }),
);

/** Somebody left the project of a channel; in the stream of the channel, so that whoever follows it there is let go. */
export const ChannelLeft = defineEvent(
  'chat.channel-left.v1',
  z.object({ channelId: z.uuid(), projectId: z.uuid(), userId: z.uuid() }),
);
