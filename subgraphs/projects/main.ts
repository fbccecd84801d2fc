import { readConfig } from '../../platform/config.ts';
import { startService } from '../../platform/service.ts';
import { ProjectsConfig } from './config.ts';
import { startProjects } from './subgraph.ts';

await startService(() => startProjects(readConfig(ProjectsConfig)));
