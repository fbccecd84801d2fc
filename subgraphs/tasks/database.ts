import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Board } from './entities/board.ts';
import { BoardColumn } from './entities/board-column.ts';
import { Comment } from './entities/comment.ts';
import { Dependency } from './entities/dependency.ts';
import { Task } from './entities/task.ts';
import { TaskChange } from './entities/task-change.ts';
import { Migration0001Tasks } from './migrations/0001-tasks.ts';
import { Migration0002BoardsAndReaders } from './migrations/0002-boards-and-readers.ts';

/** The entities of this subgraph, and the migrations that make their tables. */
export const TASKS_DATABASE = {
  entities: [Board, BoardColumn, Task, Dependency, TaskChange, Comment],
  migrations: [
    { name: '0001-tasks', class: Migration0001Tasks },
    { name: '0002-boards-and-readers', class: Migration0002BoardsAndReaders },
  ],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
