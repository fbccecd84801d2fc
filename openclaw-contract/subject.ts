import type { Receiver } from './receiver.ts';

/** After SIGTERM a gateway waits for its runs and delivers callbacks; after SIGKILL it does neither. */
export type Signal = 'SIGTERM' | 'SIGKILL';

/** A gateway under test with its surroundings: the real OpenClaw or the simulator. */
export interface Subject {
  readonly name: 'real' | 'simulator';
  readonly url: string;
  readonly hooksToken: string;
  readonly gatewayToken: string;
  /** Receives the gateway's callbacks. */
  readonly receiver: Receiver;
  /** How long a post waits for a slot before it is answered 503. */
  readonly admissionTimeoutMs: number;
  /** An unexpected second event arrives within this time after the expected one. */
  readonly settleMs: number;
  /** The number of model calls for a session. It equals the number of runs when each run has one attempt. */
  modelCalls(sessionKey: string): number;
  /** Ends the gateway with a signal and starts it on the same port. Resolves when it is ready. */
  restart(signal: Signal): Promise<void>;
  close(): Promise<void>;
}

/**
 * The agents of every subject. `unlucky` has its own provider for the case of a refused key, because a refused key stops
 * its provider for a minute.
 */
export const AGENTS = ['main', 'researcher', 'unlucky'];
/** The prefixes that session keys may have on every subject. */
export const SESSION_KEY_PREFIXES = ['hook:', 'task:', 'chat:'];
