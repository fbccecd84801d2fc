import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventDefinition } from '../../schema/events/event.ts';
import { databaseTime } from '../database/database.ts';
import { createLockTrail, type LockTrail } from '../database/lock-order.ts';
import { type Actor, referenceTo } from '../identity/actor.ts';
import { createGrants, type Grants } from '../identity/grants.ts';
import type { Doorbell } from './doorbell.ts';
import { appendEvents, type NewEvent, newEvent } from './event-log.ts';

/** An open transaction: rows through `em`, events through `publish`. */
export interface Transaction {
  readonly em: EntityManager;
  /** Who acts: history and events name it. */
  readonly actor: Actor;
  /** The actor's rights, read in this transaction. Throws for a part of the system, which has none. */
  readonly grants: Grants;
  readonly locks: LockTrail;
  /** The database's time, the same throughout the transaction. */
  now(): Promise<Date>;
  /** Notes an event. It is written into the log as the last statement before the commit, or not at all. */
  publish<Payload>(
    definition: EventDefinition<Payload>,
    event: { stream: string; subject: string; payload: Payload },
  ): void;
  /** The same transaction for another actor: a consumer shows what an agent did in the agent's name. */
  actingAs(actor: Actor): Transaction;
}

/** What a transaction needs of the subgraph in which it runs. */
export interface TransactionOptions {
  em: EntityManager;
  doorbell: Doorbell;
  actor: Actor;
  /** The order in which the subgraph takes its own locks; see `createLockTrail`. */
  locks: readonly string[];
}

/** The platform's own locks come before those of a subgraph; the rows of the streams come last, at the commit. */
const LOCKS_BEFORE = ['Retention', 'ReaderPosition', 'IdempotencyKey'];

const insideOne = new AsyncLocalStorage<true>();

/** Whether the caller runs inside the work of a transaction. */
export const isInTransaction = (): boolean => insideOne.getStore() === true;

/** serialization_failure and deadlock_detected: PostgreSQL chose this transaction to give way. */
const GIVE_WAY = new Set(['40001', '40P01']);
const TRIES_MAX = 3;
const RETRY_AFTER_MS = 20;

/**
 * Runs one operation in one transaction, with its events, and rings the doorbell after the commit.
 *
 * The work may run three times when PostgreSQL chose it to give way, so it does nothing outside the database. It never
 * waits for another subgraph, which may need the same connection.
 */
export async function transact<Result>(
  { em, doorbell, actor, locks }: TransactionOptions,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      const { result, hints } = await em.fork().transactional(async (inner) => {
        const events: NewEvent[] = [];
        const trail = createLockTrail([...LOCKS_BEFORE, ...locks]);
        const tx = openTransaction({ em: inner, events, locks: trail }, actor);
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

/** What all views of one transaction share, whoever acts in them. */
interface Shared {
  readonly em: EntityManager;
  readonly events: NewEvent[];
  readonly locks: LockTrail;
  time?: Promise<Date>;
}

function openTransaction(shared: Shared, actor: Actor): Transaction {
  const { em, events, locks } = shared;
  let grants: Grants | undefined;
  return {
    em,
    actor,
    locks,
    get grants() {
      if (actor.kind === 'system') throw new Error(`${actor.part} has no rights to read`);
      grants ??= createGrants(em, actor);
      return grants;
    },
    now() {
      shared.time ??= databaseTime(em);
      return shared.time;
    },
    publish(definition, event) {
      events.push(newEvent(definition, { ...event, actor: referenceTo(actor) }));
    },
    actingAs: (other) => openTransaction(shared, other),
  };
}
