import { randomUUID } from 'node:crypto';
import { type Admission, createAdmission } from './admission.ts';
import { type BadTokens, createBadTokens } from './bad-tokens.ts';
import { createOutbox, type Outbox } from './callback.ts';
import { type Counters, createCounters } from './counters.ts';
import { createFaults, type Faults } from './faults.ts';
import { readOptions, type Settings, type SimulatorOptions } from './options.ts';
import type { Dispatch, RpcRun, Run } from './run-types.ts';
import { createSessions, type Sessions } from './sessions.ts';

/** The simulated gateway: state that survives a restart, and its memory, which does not. */
export interface Gateway {
  readonly settings: Settings;
  readonly faults: Faults;
  readonly counters: Counters;
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  memory: Memory;
  isDraining: boolean;
}

/** The state that OpenClaw keeps only in its process. */
export interface Memory {
  /** Differs at every start. */
  readonly bootId: string;
  /** Epoch, ms. */
  readonly startedAt: number;
  readonly admission: Admission;
  /** By idempotency key and dispatch fields. */
  readonly dispatches: Map<string, Dispatch>;
  readonly running: Set<Run>;
  /** Runs that were started over the WebSocket, by the key that the client chose. */
  readonly rpcRuns: Map<string, RpcRun>;
  readonly badTokens: BadTokens;
  /** The latest text that POST /hooks/wake queued. */
  lastWakeText: string | null;
  /** Every run fails until this time (epoch, ms), because the model refused its key. */
  providerDownUntil: number;
}

/** Creates a gateway without sessions and without faults, as after an installation. */
export function createGateway(options: SimulatorOptions): Gateway {
  const settings = readOptions(options);
  const faults = createFaults(settings);
  const counters = createCounters();
  return {
    settings,
    faults,
    counters,
    sessions: createSessions(),
    outbox: createOutbox(settings, faults, counters),
    memory: createMemory(settings, counters),
    isDraining: false,
  };
}

/** Creates the memory of a process that has just started. */
export const createMemory = (settings: Settings, counters: Counters): Memory => ({
  bootId: randomUUID(),
  startedAt: Date.now(),
  admission: createAdmission(settings, counters),
  dispatches: new Map(),
  running: new Set(),
  rpcRuns: new Map(),
  badTokens: createBadTokens(settings),
  lastWakeText: null,
  providerDownUntil: 0,
});
