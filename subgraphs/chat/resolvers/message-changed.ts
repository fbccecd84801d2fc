import type { Resolvers } from '../generated/resolvers.ts';
import { findMessage } from '../queries/find-message.ts';

export const MessageChanged: Resolvers['MessageChanged'] = {
  message: ({ messageId }, _args, ctx) => findMessage(ctx, messageId),
};
