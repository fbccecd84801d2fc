import { maySee } from '../access.ts';
import type { Channel } from '../entities/channel.ts';
import type { ChatContext } from '../loaders.ts';

/** A channel that the actor may see; null for another one, and for one that does not exist. */
export async function findChannel(ctx: ChatContext, id: string): Promise<Channel | null> {
  const channel = await ctx.loaders.channel.load(id);
  return channel && (await maySee(ctx, channel.projectId)) ? channel : null;
}
