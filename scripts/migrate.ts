/** The migrations of one schema, forward and back: `npm run migrate -- status|up|down <schema> [--to <migration>]`. */
import { parseArgs } from 'node:util';
import { type DatabaseSource, openDatabase } from '../platform/database/database.ts';
import { migrate, migrateDown, PLATFORM_MIGRATIONS, readMigrations } from '../platform/database/migrate.ts';
import { ConfigError, readConfig, SubgraphConfig } from '../platform/process/config.ts';
import { createLog } from '../platform/process/log.ts';
import { StartError } from '../platform/process/service.ts';
import { AGENTS_DATABASE } from '../subgraphs/agents/database.ts';
import { CHAT_DATABASE } from '../subgraphs/chat/database.ts';
import { PROJECTS_DATABASE } from '../subgraphs/projects/database.ts';
import { TASKS_DATABASE } from '../subgraphs/tasks/database.ts';

const DATABASES = {
  projects: PROJECTS_DATABASE,
  tasks: TASKS_DATABASE,
  agents: AGENTS_DATABASE,
  chat: CHAT_DATABASE,
  log: { entities: [], migrations: PLATFORM_MIGRATIONS },
};
type Schema = keyof typeof DATABASES;
const SCHEMAS = Object.keys(DATABASES) as Schema[];

const COMMANDS = ['status', 'up', 'down'] as const;
const USAGE = `Usage: npm run migrate -- <command> <schema> [--to <migration>]

  status   list the migrations that the database at DATABASE_URL has, and those it lacks
  up       apply those it lacks
  down     revert the newest, and its rows with it; with --to all that came after that one

Schemas: ${SCHEMAS.join(', ')}. All subgraphs share log; revert it after them.
A step that needs longer than DATABASE_STATEMENT_TIMEOUT_SECONDS (5) fails and changes nothing; set more for it.`;

const MigrateConfig = SubgraphConfig.pick({
  LOG_LEVEL: true,
  DATABASE_URL: true,
  DATABASE_STATEMENT_TIMEOUT_SECONDS: true,
});

interface Task {
  command: (typeof COMMANDS)[number];
  schema: Schema;
  to: string | undefined;
}

/** Throws StartError with the usage for words that make no sense. */
function readTask(words: string[]): Task {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { to: { type: 'string' } },
    });
    const command = COMMANDS.find((known) => known === positionals[0]);
    const schema = SCHEMAS.find((known) => known === positionals[1]);
    if (!command) throw new Error(`There is no command ${positionals[0] ?? '(none was given)'}.`);
    if (!schema) throw new Error(`There is no schema ${positionals[1] ?? '(none was given)'}.`);
    if (positionals.length > 2) throw new Error(`${positionals[2]} is one word too many.`);
    if (values.to !== undefined && command !== 'down') throw new Error('--to belongs to down.');
    return { command, schema, to: values.to };
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

async function run({ command, schema, to }: Task): Promise<void> {
  const config = readConfig(MigrateConfig);
  const log = createLog('migrate', config.LOG_LEVEL);
  const source: DatabaseSource = {
    kind: 'server',
    url: config.DATABASE_URL,
    connectionsMax: 2,
    statementTimeoutSeconds: config.DATABASE_STATEMENT_TIMEOUT_SECONDS,
  };
  const orm = await openDatabase({ ...DATABASES[schema], schema, source, log });
  try {
    if (command === 'up') await migrate(orm, source, log);
    if (command === 'down') {
      for (const name of await migrateDown(orm, source, log, to)) console.log(`reverted    ${name}`);
    }
    const { applied, pending } = await readMigrations(orm);
    for (const name of applied) console.log(`applied     ${name}`);
    for (const name of pending) console.log(`pending     ${name}`);
  } finally {
    await orm.close();
  }
}

try {
  await run(readTask(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
