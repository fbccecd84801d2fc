import { encodeCursor } from '../../../platform/event-log/cursor.ts';
import { channelStream } from '../../../schema/events/chat.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { findChannel } from '../queries/find-channel.ts';

export const Channel: Resolvers['Channel'] = {
  __resolveReference: ({ id }, ctx) => findChannel(ctx, id),
  cursor: ({ id, streamSeq }) => encodeCursor(channelStream(id), streamSeq ?? 0),
  project: ({ projectId }) => ({ id: projectId }),
  messages: ({ id }, args, ctx) => ctx.loaders.messagesOf(id, args),
};
