import type { Resolvers } from '../generated/resolvers.ts';
import { findMessage } from '../queries/find-message.ts';

export const Message: Resolvers['Message'] = {
  __resolveReference: ({ id }, ctx) => findMessage(ctx, id),
  channel: ({ channelId }, _args, ctx) => ctx.loaders.channel.loadExisting(channelId),
  // Names and pictures are @external: the gateway fetches them from the author's own subgraph.
  author: ({ authorKind, authorId }) => ({ __typename: authorKind, id: authorId }) as never,
};
