import type { z } from 'zod';
import { port, RoomConfig } from '../../platform/config.ts';

export const ProjectsConfig = RoomConfig.extend({ PROJECTS_PORT: port(8001) });
export type ProjectsConfig = z.infer<typeof ProjectsConfig>;
