import { readPage } from '../../../platform/database/page.ts';
import { hearOf, maySee } from '../access.ts';
import { Channel as ChannelEntity } from '../entities/channel.ts';
import { Message as MessageEntity } from '../entities/message.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { findChannel, findMessage } from './visible.ts';

export const Project: Resolvers['Project'] = {
  __resolveReference: async ({ id }, ctx) => ((await maySee(ctx, id)) ? { id } : null),
  channels: async ({ id }, args, ctx) => {
    const read = () =>
      readPage(ctx.em, ChannelEntity, { projectId: id }, { createdAt: 'asc', id: 'asc' }, args);
    const page = await read();
    if (page.nodes.length > 0) return page;
    await hearOf(ctx, id);
    return read();
  },
};

export const Channel: Resolvers['Channel'] = {
  __resolveReference: ({ id }, ctx) => findChannel(ctx, id),
  project: ({ projectId }) => ({ id: projectId }),
  messages: ({ id }, args, ctx) => readPage(ctx.em, MessageEntity, { channelId: id }, { seq: 'asc' }, args),
};

export const Message: Resolvers['Message'] = {
  __resolveReference: ({ id }, ctx) => findMessage(ctx, id),
  channel: ({ channelId }, _args, ctx) => ctx.loaders.channel.loadExisting(channelId),
  // Names and pictures are @external: the gateway fetches them from the author's own subgraph.
  author: ({ authorKind, authorId }) => ({ __typename: authorKind, id: authorId }) as never,
};

export const MessageChanged: Resolvers['MessageChanged'] = {
  message: ({ messageId }, _args, ctx) => findMessage(ctx, messageId),
};
