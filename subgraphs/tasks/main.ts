import { readConfig } from '../../platform/config.ts';
import { startService } from '../../platform/service.ts';
import { TasksConfig } from './config.ts';
import { startTasks } from './subgraph.ts';

await startService(() => startTasks(readConfig(TasksConfig)));
