import { createEntityLoader } from '../../platform/loader.ts';
import type { RequestContext } from '../../platform/room.ts';
import { Channel } from './entities/channel.ts';
import { Message } from './entities/message.ts';

/** What a request to this room has. */
export type ChatContext = RequestContext & { loaders: ReturnType<typeof createLoaders> };

export const extendContext = (ctx: RequestContext): ChatContext => ({
  ...ctx,
  loaders: createLoaders(ctx),
});

const createLoaders = ({ em }: RequestContext) => ({
  channel: createEntityLoader(em, Channel),
  message: createEntityLoader(em, Message),
});
