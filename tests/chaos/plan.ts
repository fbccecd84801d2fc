import type { CallbackFault, DispatchFault } from '../../openclaw-simulator/faults.ts';
import type { Form } from '../../platform/testing/infrastructure.ts';
import { SERVICES, type Service } from '../processes.ts';
import { createRandom, type Random } from './random.ts';

export const AGENTS = 5;
export const MAXIMUM_HIGHEST = 3;

/** A further action of a cycle. `pick`, from 0 to 1, selects one of the objects that exist at that time. */
export type Action =
  | { kind: 'cancel'; mode: 'GRACEFUL' | 'FORCE'; pick: number }
  | { kind: 'answer'; pick: number }
  | { kind: 'retry'; pick: number }
  | { kind: 'maximum'; agent: number; maximum: number }
  | { kind: 'switch'; agent: number; offMs: number };

/** The kinds of forged callbacks. */
export const FORGERIES = ['unsigned', 'wrong-secret', 'other-body', 'stale'] as const;
export type Forgery = (typeof FORGERIES)[number];

/** A fault to inject. */
export type Fault =
  | { kind: 'kill'; service: Service; afterMs: number; downMs: number }
  | { kind: 'suspend'; service: Service; forMs: number }
  | { kind: 'dispatch'; fault: DispatchFault; times: number }
  | { kind: 'callbacks'; fault: CallbackFault; times: number }
  | { kind: 'reorder-callbacks' }
  | { kind: 'forge'; forgery: Forgery; pick: number }
  | { kind: 'replay'; pick: number }
  | { kind: 'openclaw'; downMs: number; recover: boolean }
  | { kind: 'redis'; command: 'kill' | 'flush' }
  | { kind: 'postgres' };

/** One cycle of a scenario: a task, a run on it, and an action, a fault and a disconnect at the same time. */
export interface Cycle {
  readonly number: number;
  readonly agent: number;
  readonly instruction: string;
  readonly whenBusy: 'REJECT' | 'QUEUE';
  readonly priority: 'LOW' | 'NORMAL' | 'HIGH';
  readonly pauseMs: number;
  readonly action: Action | null;
  readonly fault: Fault | null;
  /** The number of the follower whose connection is cut. */
  readonly disconnects: number | null;
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly cycles: number;
  readonly form: Form;
}

/** Creates the plan of a scenario. It depends only on these options. */
export function makePlan({ seed, cycles, form }: ScenarioOptions, followers: number): Cycle[] {
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
    disconnects: random.chance(0.3) ? random.whole(0, followers - 1) : null,
  }));
}

/** Chooses an instruction for the simulated model; see the markers in openclaw-simulator/README.md. */
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
    [35, () => ({ kind: 'cancel', mode: random.chance(0.5) ? 'GRACEFUL' : 'FORCE', pick: random.next() })],
    [30, () => ({ kind: 'answer', pick: random.next() })],
    [12, () => ({ kind: 'retry', pick: random.next() })],
    [13, () => ({ kind: 'maximum', ...chooseMaximum(random) })],
    [10, () => ({ kind: 'switch', agent: random.whole(0, AGENTS - 1), offMs: random.whole(200, 1_500) })],
  ])();

const chooseMaximum = (random: Random) => ({
  agent: random.whole(0, AGENTS - 1),
  maximum: random.whole(1, MAXIMUM_HIGHEST),
});

/** Chooses a fault. The embedded form has no Redis and no PostgreSQL server, and a kill ends the whole system. */
function chooseFault(random: Random, form: Form): Fault {
  const serverFaults: [number, () => Fault][] = [
    [5, () => ({ kind: 'redis', command: random.chance(0.7) ? 'kill' : 'flush' })],
    [4, () => ({ kind: 'postgres' })],
  ];
  return random.weighted<() => Fault>([
    [12, () => chooseKill(random)],
    [6, () => ({ kind: 'suspend', service: chooseService(random), forMs: 1_000 })],
    [26, () => ({ kind: 'dispatch', fault: chooseDispatchFault(random), times: random.whole(1, 2) })],
    [19, () => ({ kind: 'callbacks', fault: chooseCallbackFault(random), times: 1 })],
    [5, () => ({ kind: 'reorder-callbacks' })],
    [13, () => ({ kind: 'forge', forgery: chooseForgery(random), pick: random.next() })],
    [7, () => ({ kind: 'replay', pick: random.next() })],
    [4, () => ({ kind: 'openclaw', downMs: random.whole(20, 1_500), recover: random.chance(0.5) })],
    ...(form === 'services' ? serverFaults : []),
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
