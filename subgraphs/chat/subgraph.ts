import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import type { Infrastructure } from '../../platform/subgraph/subgraph.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { ChatConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { CHAT_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';

/** Starts the subgraph of channels and messages. */
export const startChat = (config: ChatConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
    config,
    {
      name: 'chat',
      ...CHAT_DATABASE,
      reactions: consumers,
      typeDefs: subgraphSdl('chat'),
      resolvers: { Query, Mutation, Subscription, ...types },
      extendContext,
      port: { setting: 'CHAT_PORT', value: config.CHAT_PORT },
    },
    lent,
  );
