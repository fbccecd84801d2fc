import { readConfig } from '../../platform/process/config.ts';
import { startService } from '../../platform/process/service.ts';
import { ProjectsConfig } from './config.ts';
import { startProjects } from './subgraph.ts';

await startService(() => startProjects(readConfig(ProjectsConfig)));
