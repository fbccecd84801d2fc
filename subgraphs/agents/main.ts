import { readConfig } from '../../platform/process/config.ts';
import { startService } from '../../platform/process/service.ts';
import { AgentsConfig } from './config.ts';
import { startAgents } from './subgraph.ts';

await startService(() => startAgents(readConfig(AgentsConfig)));
