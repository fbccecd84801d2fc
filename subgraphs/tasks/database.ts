import type { DatabaseOptions } from '../../platform/database/database.ts';
import { BoardColumn } from './entities/board-column.ts';
import { Comment } from './entities/comment.ts';
import { Dependency } from './entities/dependency.ts';
import { KnownProject } from './entities/known-project.ts';
import { Task } from './entities/task.ts';
import { TaskChange } from './entities/task-change.ts';
import { Migration0001Tasks } from './migrations/0001-tasks.ts';

/** What this subgraph keeps, and how it came to be. */
export const TASKS_DATABASE = {
  entities: [KnownProject, BoardColumn, Task, Dependency, TaskChange, Comment],
  migrations: [{ name: '0001-tasks', class: Migration0001Tasks }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
