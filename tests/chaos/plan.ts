import type { CallbackFault, DispatchFault } from '../../openclaw-simulator/faults.ts';
import type { Form } from '../../platform/testing/infrastructure.ts';
import { SERVICES, type Service } from '../processes.ts';
import { createRandom, type Random } from './random.ts';

export const AGENTS = 5;
export const MAXIMUM_HIGHEST = 3;

/** What somebody does beside starting a run. `roll`, from 0 to 1, chooses among what there is at that moment. */
export type Action =
  | { kind: 'cancel'; mode: 'GRACEFUL' | 'FORCE'; roll: number }
  | { kind: 'answer'; roll: number }
  | { kind: 'retry'; roll: number }
  | { kind: 'maximum'; agent: number; maximum: number }
  | { kind: 'switch'; agent: number; offMs: number };

/** How a callback is made up by somebody who is not OpenClaw. */
export const FORGERIES = ['unsigned', 'wrong-secret', 'other-body', 'stale'] as const;
export type Forgery = (typeof FORGERIES)[number];

/** What goes wrong. */
export type Fault =
  | { kind: 'kill'; service: Service; afterMs: number; downMs: number }
  | { kind: 'stop'; service: Service; forMs: number }
  | { kind: 'dispatch'; fault: DispatchFault; times: number }
  | { kind: 'callbacks'; fault: CallbackFault; times: number }
  | { kind: 'swap-callbacks' }
  | { kind: 'forge'; forgery: Forgery; roll: number }
  | { kind: 'replay'; roll: number }
  | { kind: 'openclaw'; downMs: number; recover: boolean }
  | { kind: 'redis'; command: 'kill' | 'flush' }
  | { kind: 'postgres' };

/** One step of the storm: a task, a run on it, and what happens around them. */
export interface Cycle {
  readonly number: number;
  readonly agent: number;
  readonly instruction: string;
  readonly whenBusy: 'REJECT' | 'QUEUE';
  readonly priority: 'LOW' | 'NORMAL' | 'HIGH';
  readonly pauseMs: number;
  readonly action: Action | null;
  readonly fault: Fault | null;
  /** The follower that loses its connection. */
  readonly drops: number | null;
}

export interface StormOptions {
  readonly seed: number;
  readonly cycles: number;
  readonly form: Form;
}

/** Makes the whole plan of a storm. It depends on these options and on nothing else. */
export function makePlan({ seed, cycles, form }: StormOptions, followers: number): Cycle[] {
  const random = createRandom(seed);
  return Array.from({ length: cycles }, (_, index) => ({
    number: index + 1,
    agent: random.whole(0, AGENTS - 1),
    instruction: chooseInstruction(random),
    whenBusy: random.chance(0.7) ? 'QUEUE' : 'REJECT',
    priority: random.weighted([[1, 'LOW'] as const, [3, 'NORMAL'] as const, [1, 'HIGH'] as const]),
    pauseMs: random.whole(0, form === 'embedded' ? 1_500 : 600),
    action: random.chance(0.3) ? chooseAction(random) : null,
    fault: random.chance(0.5) ? chooseFault(random, form) : null,
    drops: random.chance(0.3) ? random.whole(0, followers - 1) : null,
  }));
}

/** Orders to the simulated model; see the markers in openclaw-simulator/README.md. */
const chooseInstruction = (random: Random): string =>
  random.weighted([
    [40, 'Do it.'],
    [25, `Do it. [[delay=${random.whole(0, 1_500)}]]`],
    [5, 'Do it. [[fail=400]]'],
    [3, 'Do it. [[fail=500]]'],
    [3, 'Do it. [[hang]]'],
    [4, 'Do it. [[empty]]'],
    [6, 'Do it. [[say=QUESTION: Which of them?]]'],
    [4, 'Do it. [[long=20000]]'],
  ]);

const chooseAction = (random: Random): Action =>
  random.weighted<() => Action>([
    [35, () => ({ kind: 'cancel', mode: random.chance(0.5) ? 'GRACEFUL' : 'FORCE', roll: random.next() })],
    [30, () => ({ kind: 'answer', roll: random.next() })],
    [12, () => ({ kind: 'retry', roll: random.next() })],
    [13, () => ({ kind: 'maximum', ...chooseMaximum(random) })],
    [10, () => ({ kind: 'switch', agent: random.whole(0, AGENTS - 1), offMs: random.whole(200, 1_500) })],
  ])();

const chooseMaximum = (random: Random) => ({
  agent: random.whole(0, AGENTS - 1),
  maximum: random.whole(1, MAXIMUM_HIGHEST),
});

/** In the embedded form there is neither Redis nor a server of PostgreSQL, and a kill takes everything along. */
function chooseFault(random: Random, form: Form): Fault {
  const ofServers: [number, () => Fault][] = [
    [5, () => ({ kind: 'redis', command: random.chance(0.7) ? 'kill' : 'flush' })],
    [4, () => ({ kind: 'postgres' })],
  ];
  return random.weighted<() => Fault>([
    [12, () => chooseKill(random)],
    [6, () => ({ kind: 'stop', service: chooseService(random), forMs: 1_000 })],
    [26, () => ({ kind: 'dispatch', fault: chooseDispatchFault(random), times: random.whole(1, 2) })],
    [19, () => ({ kind: 'callbacks', fault: chooseCallbackFault(random), times: 1 })],
    [5, () => ({ kind: 'swap-callbacks' })],
    [13, () => ({ kind: 'forge', forgery: chooseForgery(random), roll: random.next() })],
    [7, () => ({ kind: 'replay', roll: random.next() })],
    [4, () => ({ kind: 'openclaw', downMs: random.whole(20, 1_500), recover: random.chance(0.5) })],
    ...(form === 'services' ? ofServers : []),
  ])();
}

const chooseKill = (random: Random): Fault => ({
  kind: 'kill',
  service: chooseService(random),
  afterMs: random.whole(0, 300),
  downMs: random.whole(0, 1_000),
});

const chooseService = (random: Random): Service =>
  random.weighted(SERVICES.map((name) => [name === 'agents' ? 4 : 1, name] as const));

const chooseForgery = (random: Random) => random.weighted(FORGERIES.map((each) => [1, each] as const));

const chooseDispatchFault = (random: Random): DispatchFault =>
  random.weighted<DispatchFault>([
    [3, 'drop-before'],
    [3, 'drop-after'],
    [2, 'garbage'],
    [2, 'hang'],
    [1, { status: 408 }],
    [1, { status: 409 }],
    [1, { status: 429, retryAfterSeconds: 1 }],
    [1, { status: 500 }],
    [1, { status: 502 }],
    [1, { status: 503 }],
  ]);

const chooseCallbackFault = (random: Random): CallbackFault =>
  random.weighted<CallbackFault>([
    [4, 'duplicate'],
    [4, 'before-answer'],
    [4, { lateMs: random.whole(100, 4_000) }],
    [1, 'never'],
  ]);
