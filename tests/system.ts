import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/postgresql';
import type { SimulatorOptions } from '../openclaw-simulator/options.ts';
import { type Simulator, startSimulator } from '../openclaw-simulator/simulator.ts';
import { openEmbeddedDatabase } from '../platform/database/embedded.ts';
import {
  createTestDatabase,
  type Form,
  form as formUnderTest,
  TEST_REDIS_URL,
} from '../platform/testing/infrastructure.ts';
import {
  embeddedProcess,
  type Ports,
  type Processes,
  SERVICES,
  serviceProcesses,
  startProcesses,
} from './processes.ts';

/** The whole system, started as separate processes. */
export interface System extends Processes {
  /** The public address, without a trailing slash. */
  readonly url: string;
  readonly form: Form;
  /** The OpenClaw simulator. It runs in the process of the test and keeps its state when the system restarts. */
  readonly simulator: Simulator;
  /** The secrets that no process may write to its output. */
  readonly secrets: readonly string[];
  /** Queries the database. In the embedded form only after `stop`, because its process owns the database. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Stops the simulator and all processes, and removes the database. */
  close(): Promise<void>;
}

/**
 * Starts the whole system on loopback: the embedded form as `npm start` does, or five services on PostgreSQL and Redis.
 * `settings` override the settings of this function.
 */
export async function startSystem(
  settings: Record<string, string> = {},
  form: Form = formUnderTest,
  openClaw: SimulatorOptions = {},
): Promise<System> {
  const simulator = await startSimulator({
    acceptAnyAgent: true,
    slots: 1_000,
    delayMs: 50,
    callbackRetryFirstMs: 100,
    callbackRetryMaxMs: 500,
    ...openClaw,
  });
  const ports = await freePorts();
  const signingKey = randomBytes(32).toString('hex');
  const database = form === 'embedded' ? createEmbeddedDatabase() : await createServerDatabase();
  const specs = form === 'embedded' ? embeddedProcess(ports) : serviceProcesses(ports);
  const processes = await startProcesses(specs, {
    PATH: process.env['PATH'] ?? '',
    LOG_LEVEL: 'info',
    SIGN_IN: 'development',
    GATEWAY_SIGNING_KEY: signingKey,
    OPENCLAW_URL: simulator.url,
    OPENCLAW_TOKEN: simulator.hooksToken,
    OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
    OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
    ...addresses(ports),
    ...database.settings,
    ...settings,
  });
  const url = `http://127.0.0.1:${ports.gateway}`;
  simulator.set({ callbackUrl: `${url}/agents/callback` });
  return {
    ...processes,
    url,
    form,
    simulator,
    secrets: [simulator.hooksToken, simulator.gatewayToken, simulator.callbackSecret, signingKey],
    query: database.query,
    async close() {
      await simulator.stop();
      await processes.stop();
      await database.remove();
    },
  };
}

const addresses = (ports: Ports): Record<string, string> =>
  Object.fromEntries(
    SERVICES.flatMap((name) => [
      [`${name.toUpperCase()}_PORT`, String(ports[name])],
      [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports[name]}`],
    ]),
  );

async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    SERVICES.map(async (name) => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return { name, server, port: (server.address() as { port: number }).port };
    }),
  );
  await Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(servers.map(({ name, port }) => [name, port])) as Ports;
}

interface SystemDatabase {
  readonly settings: Record<string, string>;
  query<Row>(sql: string): Promise<Row[]>;
  remove(): Promise<void>;
}

function createEmbeddedDatabase(): SystemDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'team-board-'));
  return {
    settings: { DATA_DIR: folder },
    async query<Row>(sql: string) {
      const database = await openEmbeddedDatabase(folder);
      try {
        return (await database.pglite.query<Row>(sql)).rows;
      } finally {
        await database.close();
      }
    },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function createServerDatabase(): Promise<SystemDatabase> {
  const database = await createTestDatabase();
  return {
    settings: { DATABASE_URL: database.url, REDIS_URL: TEST_REDIS_URL, REDIS_PREFIX: database.name },
    async query<Row>(sql: string) {
      const orm = await MikroORM.init({
        clientUrl: database.url,
        entities: [],
        discovery: { warnWhenNoEntities: false },
      });
      try {
        return await orm.em.execute<Row[]>(sql);
      } finally {
        await orm.close();
      }
    },
    remove: database.drop,
  };
}
