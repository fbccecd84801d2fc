import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Channel } from './entities/channel.ts';
import { Message } from './entities/message.ts';
import { Migration0001Chat } from './migrations/0001-chat.ts';

/** What this subgraph keeps, and how it came to be. */
export const CHAT_DATABASE = {
  entities: [Channel, Message],
  migrations: [{ name: '0001-chat', class: Migration0001Chat }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
