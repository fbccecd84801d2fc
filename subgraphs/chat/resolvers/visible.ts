import { maySee } from '../access.ts';
import type { Channel } from '../entities/channel.ts';
import type { Message } from '../entities/message.ts';
import type { ChatContext } from '../loaders.ts';

/** A channel that the viewer may see; null for any other, and for one that does not exist. */
export async function findChannel(ctx: ChatContext, id: string): Promise<Channel | null> {
  const channel = await ctx.loaders.channel.load(id);
  return channel && (await maySee(ctx, channel.projectId)) ? channel : null;
}

/**
 * A message that the viewer may see; null for any other, and for one that does not exist.
 * The right is looked up after the row was read, never before: an event shows the text as it is now,
 * and a text written after somebody was removed must not reach them by an event from before.
 */
export async function findMessage(ctx: ChatContext, id: string): Promise<Message | null> {
  const message = await ctx.loaders.message.load(id);
  return message && (await findChannel(ctx, message.channelId)) ? message : null;
}
