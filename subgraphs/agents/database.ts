import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Agent } from './entities/agent.ts';
import { AgentProject } from './entities/agent-project.ts';
import { AgentRun } from './entities/agent-run.ts';
import { Callback } from './entities/callback.ts';
import { KnownComment } from './entities/known-comment.ts';
import { KnownProject } from './entities/known-project.ts';
import { KnownTask } from './entities/known-task.ts';
import { OpenClawTarget } from './entities/openclaw-target.ts';
import { RunActivity } from './entities/run-activity.ts';
import { RunAttempt } from './entities/run-attempt.ts';
import { RunQuestion } from './entities/run-question.ts';
import { Migration0001Agents } from './migrations/0001-agents.ts';
import { Migration0002NamedReaders } from './migrations/0002-named-readers.ts';
import { Migration0003Messages } from './migrations/0003-messages.ts';
import { Migration0004FinishedTasks } from './migrations/0004-finished-tasks.ts';
import { Migration0005PrivatePrompts } from './migrations/0005-private-prompts.ts';

/** The entities of this subgraph and the migrations that create their tables. */
export const AGENTS_DATABASE = {
  entities: [
    Agent,
    AgentProject,
    AgentRun,
    RunAttempt,
    RunQuestion,
    RunActivity,
    Callback,
    OpenClawTarget,
    KnownProject,
    KnownTask,
    KnownComment,
  ],
  migrations: [
    { name: '0001-agents', class: Migration0001Agents },
    { name: '0002-named-readers', class: Migration0002NamedReaders },
    { name: '0003-messages', class: Migration0003Messages },
    { name: '0004-finished-tasks', class: Migration0004FinishedTasks },
    { name: '0005-private-prompts', class: Migration0005PrivatePrompts },
  ],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
