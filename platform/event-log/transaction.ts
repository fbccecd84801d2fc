import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventDefinition } from '../../schema/events/event.ts';
import type { Doorbell } from './doorbell.ts';
import { appendEvents, type NewEvent, newEvent } from './event-log.ts';

/** An open transaction: rows through `em`, facts through `publish`. */
export interface Transaction {
  readonly em: EntityManager;
  /** Notes a fact. It is written into the log as the last thing before the commit, or not at all. */
  publish<Payload>(
    definition: EventDefinition<Payload>,
    event: { stream: string; subject: string; payload: Payload },
  ): void;
}

const insideOne = new AsyncLocalStorage<true>();

/** Whether whoever asks is inside the work of a transaction. */
export const isInTransaction = (): boolean => insideOne.getStore() === true;

/** serialization_failure and deadlock_detected: PostgreSQL chose this transaction to give way. */
const GIVE_WAY = new Set(['40001', '40P01']);
const TRIES_MAX = 3;
const RETRY_AFTER_MS = 20;

/**
 * Does one verb's work in one transaction, its events inside it, and rings the doorbell after the commit.
 *
 * `actor` is whoever caused the events. The work may run three times when PostgreSQL chose it to give way, so it does
 * nothing outside the database; and it never waits for another subgraph, which may need the same connection.
 */
export async function transact<Result>(
  { em, doorbell, actor }: { em: EntityManager; doorbell: Doorbell; actor: string },
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      const { result, hints } = await em.fork().transactional(async (inner) => {
        const events: NewEvent[] = [];
        const tx: Transaction = {
          em: inner,
          publish: (definition, event) => events.push(newEvent(definition, { ...event, actor })),
        };
        const result = await insideOne.run(true, () => work(tx));
        await inner.flush();
        return { result, hints: await appendEvents(inner, events) };
      });
      doorbell.ring(hints);
      return result;
    } catch (error) {
      if (tries === TRIES_MAX || !GIVE_WAY.has((error as { code?: string }).code ?? '')) throw error;
      // At once it could take the lock again before the transaction for which it gave way.
      await pause(tries * RETRY_AFTER_MS * (1 + Math.random()));
    }
  }
}
