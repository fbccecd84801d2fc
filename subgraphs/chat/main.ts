import { readConfig } from '../../platform/process/config.ts';
import { startService } from '../../platform/process/service.ts';
import { ChatConfig } from './config.ts';
import { startChat } from './subgraph.ts';

await startService(() => startChat(readConfig(ChatConfig)));
