import type { Infrastructure } from '../../platform/subgraph/infrastructure.ts';
import { type RunningSubgraph, startSubgraph } from '../../platform/subgraph/start.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { ChatConfig } from './config.ts';
import { CHAT_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { LOCKS } from './locks.ts';
import { READERS } from './readers.ts';
import { Channel } from './resolvers/channel.ts';
import { Message } from './resolvers/message.ts';
import { MessageChanged } from './resolvers/message-changed.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Project } from './resolvers/project.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';

/** The chat subgraph, apart from its settings. */
export const CHAT_SUBGRAPH = {
  name: 'chat',
  ...CHAT_DATABASE,
  readers: READERS,
  locks: LOCKS,
  typeDefs: subgraphSdl('chat'),
  resolvers: { Query, Mutation, Subscription, Project, Channel, Message, MessageChanged },
  extendContext,
};

/** Starts the subgraph of channels and messages. */
export const startChat = (config: ChatConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(config, { ...CHAT_SUBGRAPH, port: { setting: 'CHAT_PORT', value: config.CHAT_PORT } }, lent);
