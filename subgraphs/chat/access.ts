import type { EntityManager } from '@mikro-orm/postgresql';
import { findById } from '../../platform/database/find.ts';
import { type Grants, requireRole } from '../../platform/identity/grants.ts';
import { notFound } from '../../platform/input/errors.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { projectStream } from '../../schema/events/event.ts';
import type { Role } from '../../schema/roles.ts';
import { projectScope } from '../../schema/scopes.ts';
import { Channel } from './entities/channel.ts';
import type { Message } from './entities/message.ts';

/** A request or a transaction: both read rows, and the rights of their actor. */
interface Reading {
  readonly em: EntityManager;
  readonly grants: Grants;
}

/** The actor's role in a project. Throws NOT_FOUND for none, FORBIDDEN for a lesser one than `least`. */
export const requireProject = (
  { grants }: Reading,
  projectId: string,
  least: Role,
  field: readonly string[],
): Promise<Role> =>
  requireRole(grants, projectScope(projectId), least, { kind: 'Project', id: projectId, field });

/** The channel that a client names, when the actor has the role `least` in its project. Throws as `requireProject`. */
export async function requireChannel(
  reading: Reading,
  channelId: string,
  least: Role,
  field: readonly string[],
): Promise<Channel> {
  const channel = await findById(reading.em, Channel, channelId);
  if (!channel) throw notFound('Channel', channelId, field);
  await requireChannelRole(reading, channel, least, field);
  return channel;
}

/** The actor's role in a channel's project. Throws as `requireProject`. */
export const requireChannelRole = (
  { grants }: Reading,
  { id, projectId }: Channel,
  least: Role,
  field: readonly string[],
): Promise<Role> => requireRole(grants, projectScope(projectId), least, { kind: 'Channel', id, field });

/** The channel of a message, and the actor's role there. Throws as `requireProject`, naming the message. */
export async function requireChannelOf(
  { em, grants }: Reading,
  { id, channelId }: Message,
  least: Role,
  field: readonly string[],
): Promise<{ channel: Channel; role: Role }> {
  const channel = await em.findOneOrFail(Channel, { id: channelId });
  const scope = projectScope(channel.projectId);
  const role = await requireRole(grants, scope, least, { kind: 'Message', id, field });
  return { channel, role };
}

/**
 * Makes sure that the subgraph has read the creation of a project, on which it creates the project's first channel.
 * The project may have been created a moment ago; a project that has a channel is known.
 */
export async function catchUpWithProject({ em, subgraph }: RequestContext, projectId: string): Promise<void> {
  const channels = await em.count(Channel, { projectId });
  if (channels === 0) await subgraph.catchUp(projectStream(projectId));
}

/** Whether the actor may see what belongs to a project. */
export const maySee = async ({ grants }: Reading, projectId: string): Promise<boolean> =>
  (await grants.load(projectScope(projectId))) !== null;
