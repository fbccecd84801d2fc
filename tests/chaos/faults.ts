import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Service } from '../processes.ts';
import type { System } from '../system.ts';
import type { Forger } from './forger.ts';
import type { Fault } from './plan.ts';
import type { Relay } from './relay.ts';

/** What the storm does to the system. */
export interface Weather {
  /** Does it, and resolves when it is over. */
  strike(fault: Fault): Promise<void>;
  /** How often each kind of fault was done. */
  readonly counts: Map<string, number>;
  readonly openClawRestarts: number[];
  /** No fault of OpenClaw is left in force. */
  clear(): void;
}

/** Makes the weather. `redisUrl` names a database of the storm's own, by which its connections are known. */
export function createWeather(system: System, relay: Relay, forger: Forger, redisUrl: string): Weather {
  const counts = new Map<string, number>();
  const openClawRestarts: number[] = [];
  const { simulator } = system;
  const inTurn = createTurns();
  /** The embedded form is one process, whatever the service. */
  const turnOf = (service: Service) => (system.form === 'embedded' ? 'all' : service);

  const kill = async ({ service, afterMs, downMs }: Extract<Fault, { kind: 'kill' }>) => {
    await pause(afterMs);
    await system.kill(service);
    await pause(downMs);
    await system.start(service);
  };
  const stop = async ({ service, forMs }: Extract<Fault, { kind: 'stop' }>) => {
    system.pause(service);
    await pause(forMs);
    system.resume(service);
  };
  const restartOpenClaw = async ({ downMs, recover }: Extract<Fault, { kind: 'openclaw' }>) => {
    openClawRestarts.push(Date.now());
    await simulator.restart({ downMs, recover });
  };

  const strike = async (fault: Fault): Promise<unknown> => {
    switch (fault.kind) {
      case 'kill':
        return inTurn(turnOf(fault.service), () => kill(fault));
      case 'stop':
        return inTurn(turnOf(fault.service), () => stop(fault));
      case 'dispatch':
        return simulator.set({ dispatch: fault.fault, times: fault.times });
      case 'callbacks':
        return simulator.set({ callbacks: fault.fault, times: fault.times });
      case 'swap-callbacks':
        return relay.swapNext();
      case 'forge':
        return forger.forge(fault.forgery, fault.roll);
      case 'replay':
        return forger.replay(fault.roll);
      case 'openclaw':
        return inTurn('openclaw', () => restartOpenClaw(fault));
      case 'redis':
        return strikeRedis(redisUrl, fault.command);
      case 'postgres':
        return inTurn('postgres', () => cutDatabase(system));
    }
  };
  return {
    counts,
    openClawRestarts,
    async strike(fault) {
      const name = nameOf(fault);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await strike(fault);
    },
    clear: () => simulator.set({ dispatch: 'normal', callbacks: 'normal' }),
  };
}

/** Two faults of one process follow each other: nobody starts what somebody else is about to kill. */
function createTurns() {
  const last = new Map<string, Promise<void>>();
  return (of: string, work: () => Promise<void>): Promise<void> => {
    const done = (last.get(of) ?? Promise.resolve()).then(work);
    last.set(of, done);
    return done;
  };
}

function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'stop':
      return `${fault.kind} ${fault.service}`;
    case 'dispatch':
      return `hand-over: ${typeof fault.fault === 'string' ? fault.fault : fault.fault.status}`;
    case 'callbacks':
      return `callback: ${typeof fault.fault === 'string' ? fault.fault : 'late'}`;
    case 'swap-callbacks':
      return 'callback: overtaken';
    case 'forge':
      return `forged callback: ${fault.forgery}`;
    case 'replay':
      return 'replayed callback';
    case 'openclaw':
      return `OpenClaw restarted, ${fault.recover ? 'with' : 'without'} recovery`;
    case 'redis':
      return fault.command === 'kill' ? 'Redis: connections cut' : 'Redis: emptied';
    case 'postgres':
      return 'PostgreSQL: connections cut';
  }
}

/** Only what is the storm's own: others may use the same Redis. */
async function strikeRedis(redisUrl: string, command: 'kill' | 'flush'): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    if (command === 'flush') {
      await redis.flushdb();
      return;
    }
    const own = String(await redis.client('ID'));
    const database = new URL(redisUrl).pathname.slice(1);
    for (const line of String(await redis.client('LIST')).split('\n')) {
      const fields = Object.fromEntries(line.split(' ').map((field) => field.split('=', 2)));
      if (fields['db'] !== database || fields['id'] === own) continue;
      await redis.client('KILL', 'ID', fields['id']!).catch(() => undefined); // it is gone already
    }
  } finally {
    redis.disconnect();
  }
}

async function cutDatabase(system: System): Promise<void> {
  await system.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
}
