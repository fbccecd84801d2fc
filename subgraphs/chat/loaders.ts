import type { EntityManager } from '@mikro-orm/postgresql';
import { createEntityLoader } from '../../platform/database/loader.ts';
import { createPageLoader } from '../../platform/database/page-loader.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { Channel } from './entities/channel.ts';
import { Message } from './entities/message.ts';

/** What a request to this subgraph has. */
export type ChatContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

export const extendContext = (ctx: RequestContext): ChatContext => ({
  ...ctx,
  loaders: createLoaders(ctx),
});

const createLoaders = ({ em }: RequestContext) => ({
  channel: createEntityLoader(em, Channel),
  message: createEntityLoader(em, Message),
  channelsOf: createChannelPages(em),
  /** Pages of the messages of channels, oldest first. */
  messagesOf: createPageLoader(em, Message, { parent: 'channelId', orderBy: { seq: 'asc' } }),
});

/** Pages of the channels of projects, oldest first. A loader may answer again what it has read before. */
export const createChannelPages = (em: EntityManager) =>
  createPageLoader(em, Channel, { parent: 'projectId', orderBy: { createdAt: 'asc', id: 'asc' } });
