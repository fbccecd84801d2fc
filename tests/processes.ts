import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../platform/testing/wait.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const READY_MS_MAX = 60_000;

export const SERVICES = ['projects', 'tasks', 'agents', 'chat', 'gateway'] as const;
export type Service = (typeof SERVICES)[number];
export type Ports = Readonly<Record<Service, number>>;

/** A process of the system: its services, its script, and the port of its readiness probe. */
interface ProcessSpec {
  readonly services: readonly Service[];
  readonly script: string;
  readonly port: number;
}

/** The embedded form: one process, as `npm start` starts it. */
export const embeddedProcess = (ports: Ports): ProcessSpec[] => [
  { services: SERVICES, script: 'scripts/start.ts', port: ports.gateway },
];

/** The form of services: five processes. */
export const serviceProcesses = (ports: Ports): ProcessSpec[] =>
  SERVICES.map((name) => ({
    services: [name],
    script: name === 'gateway' ? 'gateway/main.ts' : `subgraphs/${name}/main.ts`,
    port: ports[name],
  }));

/** The processes of the system. A method that acts on a service acts on all services of its process. */
export interface Processes {
  /** Sends SIGKILL and waits for the end. */
  kill(service: Service): Promise<void>;
  /** Starts the service with the same database, and waits until it is ready. Throws with its output when it exits. */
  start(service: Service): Promise<void>;
  /** `kill`, then `start`. */
  crash(service: Service): Promise<void>;
  /** Sends SIGSTOP: the process keeps its connections and does not run. */
  pause(service: Service): void;
  /** Sends SIGCONT. */
  resume(service: Service): void;
  /** Ends all processes with SIGTERM. */
  stop(): Promise<void>;
  /** The output of all processes so far. */
  output(): string;
  /** The resident memory of each process, by its first service. Linux only. */
  memoryMegabytes(): Record<string, number>;
}

/** Starts processes and waits until they are ready. Throws with the output of a process that exits. */
export async function startProcesses(
  specs: readonly ProcessSpec[],
  environment: Record<string, string>,
): Promise<Processes> {
  const running = new Map<ProcessSpec, ReturnType<typeof launch>>();
  let earlierOutput = '';
  const specOf = (service: Service) => specs.find(({ services }) => services.includes(service))!;

  const endProcess = async (spec: ProcessSpec, signal: 'SIGTERM' | 'SIGKILL') => {
    const launched = running.get(spec);
    if (!launched) return;
    await launched.end(signal);
    earlierOutput += launched.output();
    running.delete(spec);
  };
  const startProcess = async (spec: ProcessSpec) => {
    const launched = launch(spec.script, environment);
    running.set(spec, launched);
    await launched.ready(spec.port).catch(async (error: unknown) => {
      await endProcess(spec, 'SIGKILL');
      throw error;
    });
  };
  const kill = (service: Service) => endProcess(specOf(service), 'SIGKILL');
  const start = (service: Service) => startProcess(specOf(service));
  await Promise.all(specs.map(startProcess));
  return {
    kill,
    start,
    async crash(service) {
      await kill(service);
      await start(service);
    },
    pause: (service) => running.get(specOf(service))?.signal('SIGSTOP'),
    resume: (service) => running.get(specOf(service))?.signal('SIGCONT'),
    stop: async () => void (await Promise.all(specs.map((spec) => endProcess(spec, 'SIGTERM')))),
    memoryMegabytes: () =>
      Object.fromEntries(
        [...running].map(([spec, launched]) => [spec.services[0], residentMegabytes(launched.pid)]),
      ),
    output: () => earlierOutput + [...running.values()].map((each) => each.output()).join(''),
  };
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function residentMegabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** The running child processes, which are killed when this process exits. */
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
    pid: child.pid!,
    output: () => output,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      child.kill(signal); // has no effect when the process has ended
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
