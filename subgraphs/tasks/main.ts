import { readConfig } from '../../platform/process/config.ts';
import { startService } from '../../platform/process/service.ts';
import { TasksConfig } from './config.ts';
import { startTasks } from './subgraph.ts';

await startService(() => startTasks(readConfig(TasksConfig)));
