import type { Receiver } from './receiver.ts';

/** SIGTERM lets running runs end and delivers what it can; SIGKILL does nothing of that. */
export type Signal = 'SIGTERM' | 'SIGKILL';

/** A gateway under test with what stands around it: the real OpenClaw, or the simulator. */
export interface Subject {
  readonly name: 'real' | 'simulator';
  readonly url: string;
  readonly hooksToken: string;
  readonly gatewayToken: string;
  /** Where its callbacks go. */
  readonly receiver: Receiver;
  /** How long a post waits for a slot before it is answered 503. */
  readonly admissionTimeoutMs: number;
  /** How long after an expected event an unexpected second one would have come. */
  readonly settleMs: number;
  /** How often the model was asked for a session: the number of runs, where each takes one attempt. */
  modelCalls(sessionKey: string): number;
  /** Ends the gateway by a signal and starts it on the same port; resolves when it is ready. */
  restart(signal: Signal): Promise<void>;
  close(): Promise<void>;
}

/** Agents that every subject has. `unlucky` has a provider of its own: a refused key stops a provider for a minute. */
export const AGENTS = ['main', 'researcher', 'unlucky'];
/** What a session key may start with, on every subject. */
export const SESSION_KEY_PREFIXES = ['hook:', 'task:', 'chat:'];
