import { createEntityLoader } from '../../platform/database/loader.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
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
});
