import { randomUUID } from 'node:crypto';
import { type Admission, createAdmission } from './admission.ts';
import { type BadTokens, createBadTokens } from './bad-tokens.ts';
import { createOutbox, type Outbox } from './callback.ts';
import type { Dispatch } from './dispatch.ts';
import { createFaults, type Faults } from './faults.ts';
import { readOptions, type Settings, type SimulatorOptions } from './options.ts';
import type { RpcRun } from './rpc.ts';
import type { Run } from './run.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createTally, type Tally } from './tally.ts';

/** The simulated gateway: what outlives a restart, and its memory, which does not. */
export interface Gateway {
  readonly settings: Settings;
  readonly faults: Faults;
  readonly tally: Tally;
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  memory: Memory;
  isDraining: boolean;
}

/** What OpenClaw keeps in its process only. */
export interface Memory {
  /** Another one at every start. */
  readonly bootId: string;
  /** Epoch, ms. */
  readonly startedAt: number;
  readonly admission: Admission;
  /** By idempotency key and dispatch fields. */
  readonly dispatches: Map<string, Dispatch>;
  readonly running: Set<Run>;
  /** Runs started over the WebSocket, by the key that the client chose. */
  readonly rpcRuns: Map<string, RpcRun>;
  readonly badTokens: BadTokens;
  /** The last text that POST /hooks/wake queued. */
  lastWakeText: string | null;
  /** Until when every run fails because the model refused its key (epoch, ms). */
  providerDownUntil: number;
}

/** A gateway that has just been installed: no sessions, no faults. */
export function createGateway(options: SimulatorOptions): Gateway {
  const settings = readOptions(options);
  const faults = createFaults(settings);
  const tally = createTally();
  return {
    settings,
    faults,
    tally,
    sessions: createSessions(),
    outbox: createOutbox(settings, faults, tally),
    memory: createMemory(settings, tally),
    isDraining: false,
  };
}

/** The memory of a process that has just started. */
export const createMemory = (settings: Settings, tally: Tally): Memory => ({
  bootId: randomUUID(),
  startedAt: Date.now(),
  admission: createAdmission(settings, tally),
  dispatches: new Map(),
  running: new Set(),
  rpcRuns: new Map(),
  badTokens: createBadTokens(settings),
  lastWakeText: null,
  providerDownUntil: 0,
});
