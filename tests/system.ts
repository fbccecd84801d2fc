import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Simulator, startSimulator } from '../openclaw-simulator/simulator.ts';
import { createTestDatabase, form, TEST_REDIS_URL } from '../platform/testing/infrastructure.ts';
import { until } from '../platform/testing/wait.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const SERVICES = ['projects', 'tasks', 'agents', 'chat', 'gateway'] as const;
type Service = (typeof SERVICES)[number];

/** The whole system as processes of their own, in the form under test. */
export interface System {
  /** The public address, without a slash at the end. */
  readonly url: string;
  /** What plays OpenClaw; it outlives the system's processes. */
  readonly simulator: Simulator;
  /** kill -9, and a new start on the same rows. The embedded form is one process, so all of it goes. */
  crash(service: Service): Promise<void>;
  /** Everything the processes have written to their logs and consoles. */
  output(): string;
  close(): Promise<void>;
}

/** Starts the system, whole: embedded as `npm start` does, else five `main.ts` on PostgreSQL and Redis. */
export async function startSystem(settings: Record<string, string> = {}): Promise<System> {
  const simulator = await startSimulator({
    acceptAnyAgent: true,
    slots: 1_000,
    delayMs: 50,
    callbackRetryFirstMs: 100,
    callbackRetryMaxMs: 500,
  });
  const ports = await freePorts();
  const environment = {
    PATH: process.env['PATH'] ?? '',
    LOG_LEVEL: 'info',
    SIGN_IN: 'development',
    GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
    OPENCLAW_URL: simulator.url,
    OPENCLAW_TOKEN: simulator.hooksToken,
    OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
    OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
    ...Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_PORT`, String(ports[name])])),
    ...Object.fromEntries(
      SERVICES.map((name) => [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports[name]}`]),
    ),
    ...settings,
  };
  const rows = form === 'embedded' ? embeddedRows() : await serverRows();
  const start = form === 'embedded' ? startTogether : startApart;
  const system = await start({ ...environment, ...rows.settings }, ports);
  const url = `http://127.0.0.1:${ports.gateway}`;
  simulator.set({ callbackUrl: `${url}/agents/callback` });
  return {
    url,
    simulator,
    ...system,
    async close() {
      await simulator.stop();
      await system.close();
      await rows.remove();
    },
  };
}

type Ports = Record<Service, number>;

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

function embeddedRows() {
  const folder = mkdtempSync(join(tmpdir(), 'team-board-'));
  return {
    settings: { DATA_DIR: folder },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function serverRows() {
  const database = await createTestDatabase();
  return { settings: { DATABASE_URL: database.url, REDIS_URL: TEST_REDIS_URL }, remove: database.drop };
}

/** A process of the system, with what it wrote. */
function launch(script: string, environment: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    output: () => output,
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
    /** Waits until the process answers at a port. Throws with its output when it ends instead. */
    ready: (port: number) =>
      until(
        `${script} is ready`,
        async () => {
          if (child.exitCode !== null) throw new Error(`${script} ended:\n${output}`);
          const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
          return response?.status === 200;
        },
        60_000,
      ),
  };
}

async function startTogether(environment: Record<string, string>, ports: Ports) {
  let all = launch('scripts/start.ts', environment);
  let output = '';
  await all.ready(ports.gateway);
  return {
    async crash() {
      await all.end('SIGKILL');
      output += all.output();
      all = launch('scripts/start.ts', environment);
      await all.ready(ports.gateway);
    },
    output: () => output + all.output(),
    close: async () => void (await all.end('SIGTERM')),
  };
}

async function startApart(environment: Record<string, string>, ports: Ports) {
  const scriptOf = (name: Service) => (name === 'gateway' ? 'gateway/main.ts' : `subgraphs/${name}/main.ts`);
  const processes = new Map<Service, ReturnType<typeof launch>>();
  let output = '';
  const start = async (name: Service) => {
    const launched = launch(scriptOf(name), environment);
    processes.set(name, launched);
    await launched.ready(ports[name]);
  };
  await Promise.all(SERVICES.map(start));
  return {
    async crash(name: Service) {
      await processes.get(name)?.end('SIGKILL');
      output += processes.get(name)?.output() ?? '';
      await start(name);
    },
    output: () => output + [...processes.values()].map((each) => each.output()).join(''),
    async close() {
      await Promise.all([...processes.values()].map((each) => each.end('SIGTERM')));
    },
  };
}
