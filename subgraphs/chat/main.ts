import { readConfig } from '../../platform/config.ts';
import { startService } from '../../platform/service.ts';
import { ChatConfig } from './config.ts';
import { startChat } from './subgraph.ts';

await startService(() => startChat(readConfig(ChatConfig)));
