import type { z } from 'zod';
import { port, RoomConfig } from '../../platform/config.ts';

export const ChatConfig = RoomConfig.extend({ CHAT_PORT: port(8004) });
export type ChatConfig = z.infer<typeof ChatConfig>;
