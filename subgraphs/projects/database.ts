import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Member } from './entities/member.ts';
import { Project } from './entities/project.ts';
import { User } from './entities/user.ts';
import { Migration0001Projects } from './migrations/0001-projects.ts';

/** What this subgraph keeps, and how it came to be. */
export const PROJECTS_DATABASE = {
  entities: [Project, Member, User],
  migrations: [{ name: '0001-projects', class: Migration0001Projects }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
