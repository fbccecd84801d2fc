import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Service } from '../processes.ts';
import type { System } from '../system.ts';
import type { Forger } from './forger.ts';
import type { Fault } from './plan.ts';
import type { Relay } from './relay.ts';

const STARTS_MAX = 3;

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

/** What the weather works on. `redisUrl` names a database of the storm's own, by which its connections are known. */
export interface Place {
  system: System;
  relay: Relay;
  forger: Forger;
  redisUrl: string;
}

/** Makes the weather of a place. */
export function createWeather(place: Place): Weather {
  const counts = new Map<string, number>();
  const openClawRestarts: number[] = [];
  const inTurn = createTurns();
  return {
    counts,
    openClawRestarts,
    async strike(fault) {
      const name = nameOf(fault);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await inTurn(turnOf(fault, place.system), async () => {
        if (fault.kind === 'openclaw') openClawRestarts.push(Date.now());
        await strike(fault, place);
      });
    },
    clear: () => place.system.simulator.set({ dispatch: 'normal', callbacks: 'normal' }),
  };
}

/** Faults of one turn follow each other; a fault without a turn of its own comes at any time. */
function turnOf(fault: Fault, { form }: System): string | null {
  if (fault.kind === 'openclaw' || fault.kind === 'postgres') return fault.kind;
  if (fault.kind !== 'kill' && fault.kind !== 'stop') return null;
  return form === 'embedded' ? 'the one process' : fault.service;
}

async function strike(fault: Fault, { system, relay, forger, redisUrl }: Place): Promise<unknown> {
  switch (fault.kind) {
    case 'kill':
      return killFor(system, fault);
    case 'stop':
      return stopFor(system, fault);
    case 'dispatch':
      return system.simulator.set({ dispatch: fault.fault, times: fault.times });
    case 'callbacks':
      return system.simulator.set({ callbacks: fault.fault, times: fault.times });
    case 'swap-callbacks':
      return relay.swapNext();
    case 'forge':
      return forger.forge(fault.forgery, fault.roll);
    case 'replay':
      return forger.replay(fault.roll);
    case 'openclaw':
      return system.simulator.restart({ downMs: fault.downMs, recover: fault.recover });
    case 'redis':
      return strikeRedis(redisUrl, fault.command);
    case 'postgres':
      return cutDatabase(system);
  }
}

async function killFor(system: System, { service, afterMs, downMs }: Extract<Fault, { kind: 'kill' }>) {
  await pause(afterMs);
  await system.kill(service);
  await pause(downMs);
  await startAgain(system, service);
}

/** As whatever supervises services does: one that loses the database while it starts ends, and is started again. */
async function startAgain(system: System, service: Service): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await system.start(service);
    } catch (error) {
      if (tries === STARTS_MAX) throw error;
    }
  }
}

async function stopFor(system: System, { service, forMs }: Extract<Fault, { kind: 'stop' }>) {
  system.pause(service);
  await pause(forMs);
  system.resume(service);
}

/** Nobody starts what somebody else is about to kill. */
function createTurns() {
  const last = new Map<string, Promise<void>>();
  return (of: string | null, work: () => Promise<void>): Promise<void> => {
    if (of === null) return work();
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
