import type { RequestActor } from '../platform/identity/actor.ts';
import { actorKey } from '../platform/identity/actor.ts';
import { DomainError } from '../platform/input/errors.ts';
import { createFairQueue } from '../platform/process/fair-queue.ts';

export interface AdmissionOptions {
  /** How many queries and mutations are answered at a time. One person gets half of the places. */
  operationsMax: number;
  /** How long an operation may have to wait for its turn. */
  waitMsMax: number;
}

/** Lets operations in. It keeps those that are let in fast, whatever the number of those that want to be. */
export interface Admission {
  /**
   * Waits for the turn of an operation. Returns the function to call at its end.
   * Throws UNAVAILABLE at once when the operation would wait too long. Operations of one person wait for each other first.
   */
  enter(actor: RequestActor): Promise<() => void>;
}

/** How much one operation counts in the average of how long they take. */
const WEIGHT = 0.05;

/** Creates the admission of a gateway. How long an operation would wait is estimated by how long the last ones took. */
export function createAdmission({ operationsMax, waitMsMax }: AdmissionOptions): Admission {
  const queue = createFairQueue({ runningMax: operationsMax, perOwnerMax: Math.ceil(operationsMax / 2) });
  let averageMs = 0;
  return {
    async enter(actor) {
      if ((queue.waiting * averageMs) / operationsMax > waitMsMax)
        throw new DomainError('UNAVAILABLE', 'Too many requests wait already. Try again in a few seconds.');
      const leave = await queue.enter({ owner: actorKey(actor) });
      const startedAt = performance.now();
      return () => {
        averageMs += (performance.now() - startedAt - averageMs) * WEIGHT;
        leave();
      };
    },
  };
}
