import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../platform/testing/wait.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const READY_MS_MAX = 60_000;

export const SERVICES = ['projects', 'tasks', 'agents', 'chat', 'gateway'] as const;
export type Service = (typeof SERVICES)[number];
export type Ports = Readonly<Record<Service, number>>;

/** A process of the system: which services are in it, and the port at which it says that it is ready. */
interface Part {
  readonly services: readonly Service[];
  readonly script: string;
  readonly port: number;
}

/** The embedded form is one process, as `npm start` makes it. */
export const together = (ports: Ports): Part[] => [
  { services: SERVICES, script: 'scripts/start.ts', port: ports.gateway },
];

/** The form of services is five processes. */
export const apart = (ports: Ports): Part[] =>
  SERVICES.map((name) => ({
    services: [name],
    script: name === 'gateway' ? 'gateway/main.ts' : `subgraphs/${name}/main.ts`,
    port: ports[name],
  }));

/** The system's processes. A service that shares its process with others takes them along. */
export interface Processes {
  /** kill -9. */
  kill(service: Service): Promise<void>;
  /** Starts it on the same rows, and waits until it is ready. Throws with its output when it ends instead. */
  start(service: Service): Promise<void>;
  /** `kill`, then `start`. */
  crash(service: Service): Promise<void>;
  /** SIGSTOP: the process is there, its connections are open, and it does nothing. */
  pause(service: Service): void;
  /** SIGCONT. */
  resume(service: Service): void;
  /** Ends all of them as an operator would, by SIGTERM. */
  stop(): Promise<void>;
  /** Everything they have written to their logs and consoles. */
  output(): string;
}

/** Starts processes and waits until they are ready. Throws with the output of one that ends instead. */
export async function startProcesses(
  parts: readonly Part[],
  environment: Record<string, string>,
): Promise<Processes> {
  const running = new Map<Part, ReturnType<typeof launch>>();
  let earlierOutput = '';
  const partOf = (service: Service) => parts.find(({ services }) => services.includes(service))!;

  const endPart = async (part: Part, signal: 'SIGTERM' | 'SIGKILL') => {
    const launched = running.get(part);
    if (!launched) return;
    await launched.end(signal);
    earlierOutput += launched.output();
    running.delete(part);
  };
  const launchPart = async (part: Part) => {
    const launched = launch(part.script, environment);
    running.set(part, launched);
    await launched.ready(part.port).catch(async (error: unknown) => {
      await endPart(part, 'SIGKILL');
      throw error;
    });
  };
  const kill = (service: Service) => endPart(partOf(service), 'SIGKILL');
  const start = (service: Service) => launchPart(partOf(service));
  await Promise.all(parts.map(launchPart));
  return {
    kill,
    start,
    async crash(service) {
      await kill(service);
      await start(service);
    },
    pause: (service) => running.get(partOf(service))?.signal('SIGSTOP'),
    resume: (service) => running.get(partOf(service))?.signal('SIGCONT'),
    stop: async () => void (await Promise.all(parts.map((part) => endPart(part, 'SIGTERM')))),
    output: () => earlierOutput + [...running.values()].map((each) => each.output()).join(''),
  };
}

/** Whoever ends before its children takes them along. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function launch(script: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  children.add(child);
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      children.delete(child);
      resolve();
    }),
  );
  return {
    output: () => output,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      child.kill(signal); // nothing happens when it has ended already
      await exited;
    },
    ready: (port: number) =>
      until(
        `${script} is ready`,
        async () => {
          if (child.exitCode !== null) throw new Error(`${script} ended:\n${output}`);
          const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
          return response?.status === 200;
        },
        READY_MS_MAX,
      ),
  };
}
