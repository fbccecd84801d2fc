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
import { apart, type Ports, type Processes, SERVICES, startProcesses, together } from './processes.ts';

/** The whole system as processes of their own. */
export interface System extends Processes {
  /** The public address, without a slash at the end. */
  readonly url: string;
  readonly form: Form;
  /** What plays OpenClaw; it outlives the system's processes. */
  readonly simulator: Simulator;
  /** What no process may ever write down. */
  readonly secrets: readonly string[];
  /** Reads the rows. In the embedded form only after `stop`: its rows belong to its process. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Ends everything, the simulator and the rows included. */
  close(): Promise<void>;
}

/**
 * Starts the system, whole: embedded as `npm start` does, else five `main.ts` on PostgreSQL and Redis.
 * `settings` go before those made here. Everything listens on loopback.
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
  const rows = form === 'embedded' ? embeddedRows() : await serverRows();
  const parts = form === 'embedded' ? together(ports) : apart(ports);
  const processes = await startProcesses(parts, {
    PATH: process.env['PATH'] ?? '',
    LOG_LEVEL: 'info',
    SIGN_IN: 'development',
    GATEWAY_SIGNING_KEY: signingKey,
    OPENCLAW_URL: simulator.url,
    OPENCLAW_TOKEN: simulator.hooksToken,
    OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
    OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
    ...addresses(ports),
    ...rows.settings,
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
    query: rows.query,
    async close() {
      await simulator.stop();
      await processes.stop();
      await rows.remove();
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

interface Rows {
  readonly settings: Record<string, string>;
  query<Row>(sql: string): Promise<Row[]>;
  remove(): Promise<void>;
}

function embeddedRows(): Rows {
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

async function serverRows(): Promise<Rows> {
  const database = await createTestDatabase();
  return {
    settings: { DATABASE_URL: database.url, REDIS_URL: TEST_REDIS_URL },
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
