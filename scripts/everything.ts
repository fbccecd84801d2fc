import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { GatewayConfig } from '../gateway/config.ts';
import { startGateway } from '../gateway/gateway.ts';
import { startSimulator } from '../openclaw-simulator/simulator.ts';
import { type DatabaseSource, writeProblem } from '../platform/database/database.ts';
import { DISK_RESERVE_MEGABYTES, openEmbeddedDatabase } from '../platform/database/embedded.ts';
import { createLocalDoorbell } from '../platform/event-log/doorbell.ts';
import { type Port, requireFreePorts } from '../platform/graphql/http-server.ts';
import { ConfigError, readConfig, ServiceConfig, wholeNumber } from '../platform/process/config.ts';
import { createLog, type Logger } from '../platform/process/log.ts';
import { type Loop, startLoop } from '../platform/process/loop.ts';
import type { RunningService } from '../platform/process/service.ts';
import type { Infrastructure } from '../platform/subgraph/infrastructure.ts';
import type { SubgraphName } from '../schema/sdl.ts';
import { AgentsConfig } from '../subgraphs/agents/config.ts';
import { startAgents } from '../subgraphs/agents/subgraph.ts';
import { ChatConfig } from '../subgraphs/chat/config.ts';
import { startChat } from '../subgraphs/chat/subgraph.ts';
import { ProjectsConfig } from '../subgraphs/projects/config.ts';
import { startProjects } from '../subgraphs/projects/subgraph.ts';
import { TasksConfig } from '../subgraphs/tasks/config.ts';
import { startTasks } from '../subgraphs/tasks/subgraph.ts';
import { startMessage } from './start-message.ts';

/** The settings of the embedded form itself. */
const EmbeddedConfig = ServiceConfig.pick({ HOST: true, LOG_LEVEL: true }).extend({
  DATA_DIR: z.string().default('.data').describe('The folder of the embedded database.'),
  DATA_DIR_RESERVE_MEGABYTES: wholeNumber(1, 1_000_000_000, DISK_RESERVE_MEGABYTES).describe(
    'Free space of its disk below which nothing is written.',
  ),
});

/** With this setting a real OpenClaw is used instead of the simulator. */
const OpenClawAddress = z.object({ OPENCLAW_URL: z.string().optional() });

/** Long enough for a person to see the run in progress. */
const SIMULATED_RUN_MS = 2_000;

/**
 * Starts the database, the simulator of OpenClaw, the four subgraphs and the gateway, and prints their addresses.
 *
 * Settings and ports are checked before anything is made. Throws ConfigError with all invalid settings, and StartError
 * for a port or a folder that cannot be used.
 */
export async function startEverything(): Promise<RunningService> {
  const { OPENCLAW_URL } = readConfig(OpenClawAddress);
  const simulator = OPENCLAW_URL
    ? null
    : await startSimulator({ acceptAnyAgent: true, delayMs: SIMULATED_RUN_MS });
  const settings = readSettings(simulator);
  const { embedded, gateway } = settings;
  await requireFreePorts(embedded.HOST, portsOf(settings));

  const log = createLog('team-board', embedded.LOG_LEVEL);
  const running: { close(): Promise<unknown> }[] = [];
  const closeLater = <Part extends { close(): Promise<unknown> }>(part: Part): Part => {
    running.unshift(part);
    return part;
  };
  const closeAll = async () => {
    for (const part of running) await part.close();
  };
  try {
    const infrastructure = closeLater(await openInfrastructure(embedded, log));
    const subgraphs = {
      projects: closeLater(await startProjects(settings.projects, infrastructure)),
      tasks: closeLater(await startTasks(settings.tasks, infrastructure)),
      agents: closeLater(await startAgents(settings.agents, infrastructure)),
      chat: closeLater(await startChat(settings.chat, infrastructure)),
    };
    const isReady = async () => writeProblem(infrastructure.source) === undefined;
    const { port } = closeLater(await startGateway({ ...gateway, ...addressesOf(subgraphs) }, isReady));
    // The simulator closes first, so that the other services can still process the callbacks of its runs.
    if (simulator) closeLater({ close: () => simulator.stop({ drain: true }) });
    simulator?.set({ callbackUrl: `http://127.0.0.1:${port}/agents/callback` });
    console.log(
      startMessage({
        port,
        subgraphPorts: Object.values(subgraphs).map((subgraph) => subgraph.port),
        folder: embedded.DATA_DIR,
        openClawUrl: OPENCLAW_URL,
        isDevelopment: gateway.SIGN_IN === 'development',
        introspection: gateway.SIGN_IN === 'development' || gateway.INTROSPECTION,
      }),
    );
    const close = async () => {
      console.log('Stopping; active runs may take a moment to end. Press Ctrl-C again to end at once.');
      await closeAll();
    };
    return { log, shutdownSeconds: gateway.SHUTDOWN_SECONDS, close };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

const portsOf = ({ projects, tasks, agents, chat, gateway }: Settings): Port[] => [
  { setting: 'GATEWAY_PORT', value: gateway.GATEWAY_PORT },
  { setting: 'PROJECTS_PORT', value: projects.PROJECTS_PORT },
  { setting: 'TASKS_PORT', value: tasks.TASKS_PORT },
  { setting: 'AGENTS_PORT', value: agents.AGENTS_PORT },
  { setting: 'CHAT_PORT', value: chat.CHAT_PORT },
];

const addressesOf = (subgraphs: Record<SubgraphName, { port: number }>) => ({
  PROJECTS_URL: `http://127.0.0.1:${subgraphs.projects.port}`,
  TASKS_URL: `http://127.0.0.1:${subgraphs.tasks.port}`,
  AGENTS_URL: `http://127.0.0.1:${subgraphs.agents.port}`,
  CHAT_URL: `http://127.0.0.1:${subgraphs.chat.port}`,
});

async function openInfrastructure(
  { DATA_DIR, DATA_DIR_RESERVE_MEGABYTES }: Settings['embedded'],
  log: Logger,
): Promise<Infrastructure> {
  const database = await openEmbeddedDatabase(DATA_DIR, DATA_DIR_RESERVE_MEGABYTES);
  const watch = watchFolder(database.source, log);
  return {
    source: database.source,
    doorbell: createLocalDoorbell(log),
    sweepSeconds: 5,
    async close() {
      await watch.close();
      await database.close();
    },
  };
}

const WATCH_SECONDS = 5;

/** Writes to the log when the folder of the database can no longer be written to, and when it can again. */
function watchFolder(source: DatabaseSource, log: Logger): Loop {
  let known: string | undefined;
  const look = async () => {
    const problem = writeProblem(source);
    if (problem && !known) log.error({ problem }, 'database.not-writable');
    if (!problem && known) log.warn('database.writable-again');
    known = problem;
  };
  return startLoop('database-folder', WATCH_SECONDS, look, log);
}

/**
 * Reads the settings of all services. The secrets between services of the process are random at every start.
 * Throws one ConfigError with the problems of all services.
 */
function readSettings(simulator: Awaited<ReturnType<typeof startSimulator>> | null) {
  const defaults = {
    LOG_LEVEL: 'warn',
    GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
    DATABASE_URL: 'postgres://embedded',
    REDIS_URL: 'redis://embedded',
    SIGN_IN: 'development',
    ...(simulator && {
      OPENCLAW_URL: simulator.url,
      OPENCLAW_TOKEN: simulator.hooksToken,
      OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
      OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
    }),
  };
  const problems = new Set<string>();
  const read = <Schema extends z.ZodObject>(schema: Schema): z.infer<Schema> | undefined => {
    try {
      return readConfig(schema, undefined, defaults);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return undefined;
    }
  };
  const [embedded, gateway] = [read(EmbeddedConfig), read(GatewayConfig)];
  const [projects, tasks, agents, chat] = [
    read(ProjectsConfig),
    read(TasksConfig),
    read(AgentsConfig),
    read(ChatConfig),
  ];
  if (embedded && projects && tasks && agents && chat && gateway)
    return { embedded, projects, tasks, agents, chat, gateway };
  throw new ConfigError([...problems]);
}
type Settings = ReturnType<typeof readSettings>;
