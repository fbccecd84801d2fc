import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { GatewayConfig } from '../gateway/config.ts';
import { startGateway } from '../gateway/gateway.ts';
import { startSimulator } from '../openclaw-simulator/simulator.ts';
import { openEmbeddedDatabase } from '../platform/database/embedded.ts';
import { createLocalDoorbell } from '../platform/event-log/doorbell.ts';
import { ConfigError, readConfig } from '../platform/process/config.ts';
import { createLog, type Logger } from '../platform/process/log.ts';
import type { RunningService } from '../platform/process/service.ts';
import type { Infrastructure } from '../platform/subgraph/infrastructure.ts';
import { AgentsConfig } from '../subgraphs/agents/config.ts';
import { startAgents } from '../subgraphs/agents/subgraph.ts';
import { ChatConfig } from '../subgraphs/chat/config.ts';
import { startChat } from '../subgraphs/chat/subgraph.ts';
import { ProjectsConfig } from '../subgraphs/projects/config.ts';
import { startProjects } from '../subgraphs/projects/subgraph.ts';
import { TasksConfig } from '../subgraphs/tasks/config.ts';
import { startTasks } from '../subgraphs/tasks/subgraph.ts';

/** The settings of the embedded form. With OPENCLAW_URL it uses a real OpenClaw instead of the simulator. */
const EmbeddedConfig = z.object({
  DATA_DIR: z.string().default('.data').describe('The folder of the embedded database.'),
  LOG_LEVEL: z.string().default('warn'),
  OPENCLAW_URL: z.string().optional(),
});

/** Long enough for a person to see the run in progress. */
const SIMULATED_RUN_MS = 2_000;

/**
 * Starts the database, the simulator of OpenClaw, the four subgraphs and the gateway in this order, and prints their
 * addresses. Throws ConfigError for invalid settings.
 */
export async function startEverything(): Promise<RunningService> {
  const { DATA_DIR, LOG_LEVEL, OPENCLAW_URL } = readConfig(EmbeddedConfig);
  const log = createLog('team-board', LOG_LEVEL);
  const running: { close(): Promise<unknown> }[] = [];
  const closeLater = <Part extends { close(): Promise<unknown> }>(part: Part): Part => {
    running.unshift(part);
    return part;
  };
  const closeAll = async () => {
    for (const part of running) await part.close();
  };
  try {
    const infrastructure = closeLater(await openInfrastructure(DATA_DIR, log));
    const simulator = OPENCLAW_URL
      ? null
      : await startSimulator({ acceptAnyAgent: true, delayMs: SIMULATED_RUN_MS });
    const settings = readSettings(LOG_LEVEL, simulator);

    const projects = closeLater(await startProjects(settings.projects, infrastructure));
    const tasks = closeLater(await startTasks(settings.tasks, infrastructure));
    const agents = closeLater(await startAgents(settings.agents, infrastructure));
    const chat = closeLater(await startChat(settings.chat, infrastructure));
    const gateway = closeLater(
      await startGateway({
        ...settings.gateway,
        PROJECTS_URL: `http://127.0.0.1:${projects.port}`,
        TASKS_URL: `http://127.0.0.1:${tasks.port}`,
        AGENTS_URL: `http://127.0.0.1:${agents.port}`,
        CHAT_URL: `http://127.0.0.1:${chat.port}`,
      }),
    );
    // The simulator closes first, so that the other services can still process the callbacks of its runs.
    if (simulator) closeLater({ close: () => simulator.stop({ drain: true }) });
    simulator?.set({ callbackUrl: `http://127.0.0.1:${gateway.port}/agents/callback` });
    console.log(
      startMessage({
        port: gateway.port,
        subgraphs: [projects, tasks, agents, chat],
        folder: DATA_DIR,
        openClawUrl: OPENCLAW_URL,
        isDevelopment: settings.gateway.SIGN_IN === 'development',
      }),
    );
    const close = async () => {
      console.log('Stopping; active runs may take a moment to end. Press Ctrl-C again to end at once.');
      await closeAll();
    };
    return { log, shutdownSeconds: settings.gateway.SHUTDOWN_SECONDS, close };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openInfrastructure(folder: string, log: Logger): Promise<Infrastructure> {
  const database = await openEmbeddedDatabase(folder);
  return {
    source: { kind: 'embedded', pglite: database.pglite },
    doorbell: createLocalDoorbell(log),
    sweepSeconds: 5,
    close: () => database.close(),
  };
}

/**
 * Reads the settings of all services. The secrets between services of the process are random at every start.
 * Throws one ConfigError with the problems of all services.
 */
function readSettings(logLevel: string, simulator: Awaited<ReturnType<typeof startSimulator>> | null) {
  const defaults = {
    LOG_LEVEL: logLevel,
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
  const [projects, tasks, agents] = [read(ProjectsConfig), read(TasksConfig), read(AgentsConfig)];
  const [chat, gateway] = [read(ChatConfig), read(GatewayConfig)];
  if (projects && tasks && agents && chat && gateway) return { projects, tasks, agents, chat, gateway };
  throw new ConfigError([...problems]);
}

const startMessage = ({
  port,
  subgraphs,
  folder,
  openClawUrl,
  isDevelopment,
}: {
  port: number;
  subgraphs: { port: number }[];
  folder: string;
  openClawUrl: string | undefined;
  isDevelopment: boolean;
}): string => `
Team Board is running in this process; its database is in ${folder}.

  GraphQL    http://127.0.0.1:${port}/graphql     subscriptions over graphql-ws at the same address
  Explorer   http://127.0.0.1:${port}/            open it in a browser
  Health     http://127.0.0.1:${port}/readyz      and /livez; also on the subgraphs' ports ${subgraphs.map((subgraph) => subgraph.port).join(', ')}
  OpenClaw   ${openClawUrl ?? 'the simulator: it calls no model and does no work. Set OPENCLAW_URL to use a real OpenClaw.'}
  Sign-in    ${isDevelopment ? 'none: requests from this machine act as the development viewer, and other machines cannot connect.' : 'access tokens of AUTHENTIK_ISSUER'}

Next: run \`npm run demo${port === 8000 ? '' : ` -- --url http://127.0.0.1:${port}`}\` in another terminal; it executes a run from start to end. Ctrl-C stops Team Board.
`;
