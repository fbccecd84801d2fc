import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Member } from './entities/member.ts';
import { Project } from './entities/project.ts';
import { User } from './entities/user.ts';
import { Migration0001Projects } from './migrations/0001-projects.ts';
import { Migration0002KnownPeople } from './migrations/0002-known-people.ts';

/** The entities of this subgraph and the migrations of their tables. */
export const PROJECTS_DATABASE = {
  entities: [Project, Member, User],
  migrations: [
    { name: '0001-projects', class: Migration0001Projects },
    { name: '0002-known-people', class: Migration0002KnownPeople },
  ],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
