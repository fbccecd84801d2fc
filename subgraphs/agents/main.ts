import { readConfig } from '../../platform/config.ts';
import { startService } from '../../platform/service.ts';
import { AgentsConfig } from './config.ts';
import { startAgents } from './subgraph.ts';

await startService(() => startAgents(readConfig(AgentsConfig)));
