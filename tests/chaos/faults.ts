import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Service } from '../processes.ts';
import type { System } from '../system.ts';
import type { Attacker } from './attacker.ts';
import type { Fault } from './plan.ts';
import type { Relay } from './relay.ts';

const STARTS_MAX = 3;

/** Injects faults into the system. */
export interface FaultInjector {
  /** Injects a fault, and resolves when it is over. */
  inject(fault: Fault): Promise<void>;
  /** The number of injected faults by name. */
  readonly counts: Map<string, number>;
  readonly openClawRestarts: number[];
  /** Removes all faults of OpenClaw. */
  clear(): void;
}

/** The parts that faults act on. `redisUrl` names the scenario's own database, which identifies its connections. */
export interface FaultContext {
  system: System;
  relay: Relay;
  attacker: Attacker;
  redisUrl: string;
}

/** Creates the fault injector of a context. */
export function createFaultInjector(context: FaultContext): FaultInjector {
  const counts = new Map<string, number>();
  const openClawRestarts: number[] = [];
  const runInOrder = createSerializer();
  return {
    counts,
    openClawRestarts,
    async inject(fault) {
      const name = nameOf(fault);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await runInOrder(resourceOf(fault, context.system), async () => {
        if (fault.kind === 'openclaw') openClawRestarts.push(Date.now());
        await inject(fault, context);
      });
    },
    clear: () => context.system.simulator.set({ dispatch: 'normal', callbacks: 'normal' }),
  };
}

/** Returns the resource of a fault. Faults of one resource run one after another; null: at any time. */
function resourceOf(fault: Fault, { form }: System): string | null {
  if (fault.kind === 'openclaw' || fault.kind === 'postgres') return fault.kind;
  if (fault.kind !== 'kill' && fault.kind !== 'suspend') return null;
  return form === 'embedded' ? 'the one process' : fault.service;
}

async function inject(fault: Fault, { system, relay, attacker, redisUrl }: FaultContext): Promise<unknown> {
  switch (fault.kind) {
    case 'kill':
      return killAndRestart(system, fault);
    case 'suspend':
      return suspendFor(system, fault);
    case 'dispatch':
      return system.simulator.set({ dispatch: fault.fault, times: fault.times });
    case 'callbacks':
      return system.simulator.set({ callbacks: fault.fault, times: fault.times });
    case 'reorder-callbacks':
      return relay.reorderNext();
    case 'forge':
      return attacker.forge(fault.forgery, fault.pick);
    case 'replay':
      return attacker.replay(fault.pick);
    case 'openclaw':
      return system.simulator.restart({ downMs: fault.downMs, recover: fault.recover });
    case 'redis':
      return injectRedisFault(redisUrl, fault.command);
    case 'postgres':
      return cutDatabaseConnections(system);
  }
}

async function killAndRestart(
  system: System,
  { service, afterMs, downMs }: Extract<Fault, { kind: 'kill' }>,
) {
  await pause(afterMs);
  await system.kill(service);
  await pause(downMs);
  await startWithRetry(system, service);
}

/** Starts a service up to three times, as a supervisor does: it exits when it loses its database during the start. */
async function startWithRetry(system: System, service: Service): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await system.start(service);
    } catch (error) {
      if (tries === STARTS_MAX) throw error;
    }
  }
}

async function suspendFor(system: System, { service, forMs }: Extract<Fault, { kind: 'suspend' }>) {
  system.pause(service);
  await pause(forMs);
  system.resume(service);
}

/** Runs work on one resource in sequence, so that no fault starts a service that another fault is about to kill. */
function createSerializer() {
  const last = new Map<string, Promise<void>>();
  return (resource: string | null, work: () => Promise<void>): Promise<void> => {
    if (resource === null) return work();
    const done = (last.get(resource) ?? Promise.resolve()).then(work);
    last.set(resource, done);
    return done;
  };
}

function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'suspend':
      return `${fault.kind} ${fault.service}`;
    case 'dispatch':
      return `hand-over: ${typeof fault.fault === 'string' ? fault.fault : fault.fault.status}`;
    case 'callbacks':
      return `callback: ${typeof fault.fault === 'string' ? fault.fault : 'late'}`;
    case 'reorder-callbacks':
      return 'callback: reordered';
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

/** Acts only on the scenario's own database, because others may use the same Redis. */
async function injectRedisFault(redisUrl: string, command: 'kill' | 'flush'): Promise<void> {
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
      await redis.client('KILL', 'ID', fields['id']!).catch(() => undefined); // the connection was closed before
    }
  } finally {
    redis.disconnect();
  }
}

async function cutDatabaseConnections(system: System): Promise<void> {
  await system.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
}
