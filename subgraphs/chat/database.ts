import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Channel } from './entities/channel.ts';
import { Message } from './entities/message.ts';
import { Migration0001Chat } from './migrations/0001-chat.ts';
import { Migration0002NamedReaders } from './migrations/0002-named-readers.ts';
import { Migration0003NameKeys } from './migrations/0003-name-keys.ts';

/** The entities of this subgraph and the migrations of their tables. */
export const CHAT_DATABASE = {
  entities: [Channel, Message],
  migrations: [
    { name: '0001-chat', class: Migration0001Chat },
    { name: '0002-named-readers', class: Migration0002NamedReaders },
    { name: '0003-name-keys', class: Migration0003NameKeys },
  ],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
