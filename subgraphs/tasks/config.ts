import type { z } from 'zod';
import { port, RoomConfig } from '../../platform/config.ts';

export const TasksConfig = RoomConfig.extend({ TASKS_PORT: port(8002) });
export type TasksConfig = z.infer<typeof TasksConfig>;
