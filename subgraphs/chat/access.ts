import { requireRole } from '../../platform/identity/grants.ts';
import { notFound } from '../../platform/input/errors.ts';
import { isUuid } from '../../platform/input/input.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';
import { Channel } from './entities/channel.ts';
import { Message } from './entities/message.ts';

/** Throws NOT_FOUND for whoever is not a member of the project, FORBIDDEN for a lesser role than `least`. */
export const requireProject = (
  ctx: RequestContext,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<Role> =>
  requireRole(ctx.grants, projectStream(projectId), least, { kind: 'Project', id: projectId, field });

/** The channel that a request names, when the viewer has the role `least` in its project. */
export async function requireChannel(
  ctx: RequestContext,
  channelId: string,
  least: Role,
  field: readonly string[],
): Promise<Channel> {
  const channel = isUuid(channelId) ? await ctx.em.findOne(Channel, { id: channelId }) : null;
  if (!channel) throw notFound('Channel', channelId, field);
  await requireChannelRole(ctx, channel, least, field);
  return channel;
}

/** The viewer's role in a channel's project. Throws NOT_FOUND for none, FORBIDDEN for a lesser one than `least`. */
export const requireChannelRole = (
  ctx: RequestContext,
  { id, projectId }: Channel,
  least: Role,
  field: readonly string[],
): Promise<Role> => requireRole(ctx.grants, projectStream(projectId), least, { kind: 'Channel', id, field });

/** The channel of the message that a mutation names, and the viewer's role there, which is `least` or more. */
export async function requireMessage(
  ctx: RequestContext,
  messageId: string,
  least: Role,
  field: readonly string[],
): Promise<{ channel: Channel; role: Role }> {
  const message = isUuid(messageId) ? await ctx.em.findOne(Message, { id: messageId }) : null;
  if (!message) throw notFound('Message', messageId, field);
  const channel = await ctx.em.findOneOrFail(Channel, { id: message.channelId });
  const scope = projectStream(channel.projectId);
  const role = await requireRole(ctx.grants, scope, least, { kind: 'Message', id: messageId, field });
  return { channel, role };
}

/**
 * Makes sure that the subgraph has heard of a project, whose first channel it opens on hearing of it.
 * The project may have been created a moment ago; one that has a channel is known.
 */
export async function hearOf(ctx: RequestContext, projectId: string): Promise<void> {
  const channels = await ctx.em.count(Channel, { projectId });
  if (channels === 0) await ctx.subgraph.catchUp(projectStream(projectId));
}

/** Whether the viewer may see what belongs to a project. */
export const maySee = async (ctx: RequestContext, projectId: string): Promise<boolean> =>
  (await ctx.grants.load(projectStream(projectId))) !== null;
