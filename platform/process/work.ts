import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../input/errors.ts';

/** For whom this process works at the moment, and for how long. */
export interface Work {
  /** The person, or what else the work is done for. Owners share what is scarce. */
  readonly owner: string;
  /** Somebody sees a change live by it. Such work comes before other work. */
  readonly isUrgent: boolean;
  /** Nobody waits for the result after this time, in epoch milliseconds; undefined for no bound. */
  readonly deadlineAt?: number | undefined;
  /** Aborted when nobody waits for the result any more. */
  readonly signal?: AbortSignal | undefined;
}

const works = new AsyncLocalStorage<Work | undefined>();

/** Runs something as the work of somebody. All that it starts belongs to the same work. */
export const runWork = <Result>(work: Work, run: () => Result): Result => works.run(work, run);

/**
 * Runs something that belongs to the service itself, also when a request causes it: it must go on when the request is
 * over, such as a loop that the request has woken.
 */
export const runOwnWork = <Result>(run: () => Result): Result => works.run(undefined, run);

/** The work under way; undefined for the service's own work. */
export const currentWork = (): Work | undefined => works.getStore();

/**
 * Throws UNAVAILABLE when nobody waits for the work under way any more: its time is over, or its client has gone. The clock
 * is read, because after a standstill of the process its timers are late.
 */
export function requireTime(): void {
  const { signal, deadlineAt } = works.getStore() ?? {};
  if (signal?.aborted || (deadlineAt !== undefined && Date.now() >= deadlineAt)) throw timeIsOver();
}

/** The failure of work for which nobody waits any more. */
export const timeIsOver = (): DomainError =>
  new DomainError('UNAVAILABLE', 'The time for this request is over, and nothing was changed. Try again.');
