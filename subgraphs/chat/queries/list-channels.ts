import type { Page, PageArguments } from '../../../platform/database/page.ts';
import { catchUpWithProject } from '../access.ts';
import type { Channel } from '../entities/channel.ts';
import { type ChatContext, createChannelPages } from '../loaders.ts';

/** A page of a project's channels, oldest first. A project that was created a moment ago already has its first channel. */
export async function listChannels(
  ctx: ChatContext,
  projectId: string,
  args: PageArguments,
): Promise<Page<Channel>> {
  const page = await ctx.loaders.channelsOf(projectId, args);
  if (page.nodes.length > 0) return page;
  await catchUpWithProject(ctx, projectId);
  return createChannelPages(ctx.em)(projectId, args);
}
