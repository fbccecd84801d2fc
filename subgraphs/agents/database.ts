import type { DatabaseOptions } from '../../platform/database/database.ts';
import { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { KnownComment } from './entities/known-comment.ts';
import { KnownProject } from './entities/known-project.ts';
import { KnownTask } from './entities/known-task.ts';
import { OpenClawTarget } from './entities/openclaw-target.ts';
import { RunActivity } from './entities/run-activity.ts';
import { RunAttempt } from './entities/run-attempt.ts';
import { RunQuestion } from './entities/run-question.ts';
import { Migration0001Agents } from './migrations/0001-agents.ts';

/** What this subgraph keeps, and how it came to be. */
export const AGENTS_DATABASE = {
  entities: [
    Agent,
    AgentRun,
    RunAttempt,
    RunQuestion,
    RunActivity,
    OpenClawTarget,
    KnownProject,
    KnownTask,
    KnownComment,
  ],
  migrations: [{ name: '0001-agents', class: Migration0001Agents }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
