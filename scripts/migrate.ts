/** The migrations of one schema, forward and back: `npm run migrate -- status|up|down <schema>|all [--to <migration>]`. */
import { parseArgs } from 'node:util';
import { type DatabaseSource, openDatabase } from '../platform/database/database.ts';
import { migrate, migrateDown, PLATFORM_MIGRATIONS, readMigrations } from '../platform/database/migrate.ts';
import { ConfigError, readConfig, SubgraphConfig } from '../platform/process/config.ts';
import { createLog, type Logger } from '../platform/process/log.ts';
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

Schemas: ${SCHEMAS.join(', ')}; with status and up also all. All subgraphs share log; revert it after them.
A step that needs longer than DATABASE_STATEMENT_TIMEOUT_SECONDS (5) fails and changes nothing; set more for it.`;

const MigrateConfig = SubgraphConfig.pick({
  LOG_LEVEL: true,
  DATABASE_URL: true,
  DATABASE_STATEMENT_TIMEOUT_SECONDS: true,
});

interface Task {
  command: (typeof COMMANDS)[number];
  schemas: readonly Schema[];
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
    const schemas = positionals[1] === 'all' ? SCHEMAS : SCHEMAS.filter((known) => known === positionals[1]);
    if (!command) throw new Error(`There is no command ${positionals[0] ?? '(none was given)'}.`);
    if (schemas.length === 0) throw new Error(`There is no schema ${positionals[1] ?? '(none was given)'}.`);
    if (positionals.length > 2) throw new Error(`${positionals[2]} is one word too many.`);
    if (values.to !== undefined && command !== 'down') throw new Error('--to belongs to down.');
    if (command === 'down' && schemas.length > 1) throw new Error('down reverts one schema at a time.');
    return { command, schemas, to: values.to };
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

async function run({ command, schemas, to }: Task): Promise<void> {
  const config = readConfig(MigrateConfig);
  const log = createLog('migrate', config.LOG_LEVEL);
  const source: DatabaseSource = {
    kind: 'server',
    url: config.DATABASE_URL,
    connectionsMax: 2,
    statementTimeoutSeconds: config.DATABASE_STATEMENT_TIMEOUT_SECONDS,
  };
  for (const schema of schemas) {
    if (schemas.length > 1) console.log(`${schema}:`);
    await runOn(schema, { command, to, source, log });
  }
}

interface Step {
  command: Task['command'];
  to: string | undefined;
  source: DatabaseSource;
  log: Logger;
}

async function runOn(schema: Schema, { command, to, source, log }: Step): Promise<void> {
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
