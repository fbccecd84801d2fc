import type { Resolvers } from '../generated/resolvers.ts';
import { findChannel } from '../queries/find-channel.ts';

export const Channel: Resolvers['Channel'] = {
  __resolveReference: ({ id }, ctx) => findChannel(ctx, id),
  project: ({ projectId }) => ({ id: projectId }),
  messages: ({ id }, args, ctx) => ctx.loaders.messagesOf(id, args),
};
