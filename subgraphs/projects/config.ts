import type { z } from 'zod';
import { port, SubgraphConfig } from '../../platform/process/config.ts';

export const ProjectsConfig = SubgraphConfig.extend({ PROJECTS_PORT: port(8001) });
export type ProjectsConfig = z.infer<typeof ProjectsConfig>;
