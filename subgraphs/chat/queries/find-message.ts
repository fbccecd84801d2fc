import type { Message } from '../entities/message.ts';
import type { ChatContext } from '../loaders.ts';
import { findChannel } from './find-channel.ts';

/**
 * A message that the actor may see; null for another one, and for one that does not exist.
 * The right is read after the row. An event shows the text as it is now, and an event from before a removal must not
 * show the removed person a text from after it.
 */
export async function findMessage(ctx: ChatContext, id: string): Promise<Message | null> {
  const message = await ctx.loaders.message.load(id);
  return message && (await findChannel(ctx, message.channelId)) ? message : null;
}
