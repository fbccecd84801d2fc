import type { z } from 'zod';
import { port, SubgraphConfig } from '../../platform/process/config.ts';

export const TasksConfig = SubgraphConfig.extend({ TASKS_PORT: port(8002) });
export type TasksConfig = z.infer<typeof TasksConfig>;
