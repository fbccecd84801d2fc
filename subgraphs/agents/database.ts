import type { DatabaseOptions } from '../../platform/database.ts';
import { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { KnownTask } from './entities/known-task.ts';
import { Migration0001Agents } from './migrations/0001-agents.ts';

/** What this room keeps, and how it came to be. */
export const AGENTS_DATABASE = {
  entities: [Agent, AgentRun, KnownTask],
  migrations: [{ name: '0001-agents', class: Migration0001Agents }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;
