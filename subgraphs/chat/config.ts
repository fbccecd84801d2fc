import type { z } from 'zod';
import { port, SubgraphConfig } from '../../platform/process/config.ts';

export const ChatConfig = SubgraphConfig.extend({ CHAT_PORT: port(8004) });
export type ChatConfig = z.infer<typeof ChatConfig>;
