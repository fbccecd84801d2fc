import type { QueryResolvers } from '../generated/resolvers.ts';
import { findChannel } from '../queries/find-channel.ts';

export const Query: QueryResolvers = {
  channel: (_root, { id }, ctx) => findChannel(ctx, id),
};
