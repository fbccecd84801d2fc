import { z } from 'zod';
import { defineEvent } from './event.ts';

/** A message was written, edited or deleted. */
export const MessageChanged = defineEvent(
  'chat.message-changed.v1',
  z.object({ messageId: z.uuid(), channelId: z.uuid(), projectId: z.uuid() }),
);
