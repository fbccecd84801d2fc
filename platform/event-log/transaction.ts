import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventDefinition } from '../../schema/events/event.ts';
import { databaseTime } from '../database/database.ts';
import { createLockTrail, type LockTrail } from '../database/lock-order.ts';
import { type Actor, referenceTo } from '../identity/actor.ts';
import { createGrants, type Grants } from '../identity/grants.ts';
import { requireTime, runOwnWork } from '../process/work.ts';
import type { Doorbell } from './doorbell.ts';
import { appendEvents, type NewEvent, newEvent } from './event-log.ts';
import { type ClaimedCall, claimCall, type IdempotentCall } from './idempotency.ts';

/** An open transaction. It reads and writes rows through `em`, and events through `publish`. */
export interface Transaction {
  readonly em: EntityManager;
  /** Who acts. Histories and events name the actor. */
  readonly actor: Actor;
  /** The actor's rights, read in this transaction. Throws for a part of the system, which has none. */
  readonly grants: Grants;
  readonly locks: LockTrail;
  /** The call that the transaction does, if its client named it by an idempotency key. */
  readonly call: ClaimedCall | null;
  /**
   * Whether the call has done its work before. Then the work checks the rights as for a first call, changes nothing, and
   * returns the rows as they are now.
   */
  readonly isRepeat: boolean;
  /** The database's time at the start of the transaction. */
  now(): Promise<Date>;
  /**
   * Adds an event to the log when the transaction commits, and not when it rolls back.
   * Throws in the repeat of a call, which must change nothing.
   */
  publish<Payload>(
    definition: EventDefinition<Payload>,
    event: { stream: string; subject: string; payload: Payload },
  ): void;
  /** The same transaction in the name of another actor: a reader records what an agent did as done by the agent. */
  actingAs(actor: Actor): Transaction;
}

/** What a transaction needs of the subgraph in which it runs. */
export interface TransactionOptions {
  em: EntityManager;
  doorbell: Doorbell;
  actor: Actor;
  /** The order in which the subgraph takes its own locks; see `createLockTrail`. */
  locks: readonly string[];
  /** The call of a client that may be repeated; without it every transaction is new work. */
  call?: IdempotentCall | null | undefined;
}

/** The platform's own locks come before those of a subgraph. The rows of the streams come last, at the commit. */
const LOCKS_BEFORE = ['Retention', 'ReaderPosition', 'IdempotencyKey'];

const insideTransaction = new AsyncLocalStorage<true>();

/** Whether the caller runs inside the work of a transaction. */
export const isInTransaction = (): boolean => insideTransaction.getStore() === true;

/** serialization_failure and deadlock_detected: PostgreSQL rolled this transaction back in favour of another one. */
const RETRIED_CODES = new Set(['40001', '40P01']);
const TRIES_MAX = 3;
const RETRY_AFTER_MS = 20;

/**
 * Runs the work of one operation in one transaction together with its events, and rings the doorbell after the commit.
 *
 * Nothing is committed for a request whose time is over: its client was told so, or will repeat it.
 * After a deadlock or a serialization failure the work runs again, up to three times in all, so it must do nothing
 * outside the database. It must not wait for another subgraph, which may need the same connection.
 */
export async function transact<Result>(
  { em, doorbell, actor, locks, call }: TransactionOptions,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      const { result, hints } = await em.fork().transactional(async (inner) => {
        requireTime();
        const events: NewEvent[] = [];
        const trail = createLockTrail([...LOCKS_BEFORE, ...locks]);
        const claimed = call ? await claimCall({ em: inner, actor, locks: trail }, call) : null;
        const tx = openTransaction({ em: inner, events, locks: trail, call: claimed }, actor);
        const result = await insideTransaction.run(true, () => work(tx));
        await inner.flush();
        const hints = await appendEvents(inner, events);
        requireTime(); // rolls back what nobody waits for any more
        return { result, hints };
      });
      runOwnWork(() => doorbell.ring(hints));
      return result;
    } catch (error) {
      if (tries === TRIES_MAX || !RETRIED_CODES.has((error as { code?: string }).code ?? '')) throw error;
      // Without the pause it could take the lock again before the transaction for which it gave way.
      await pause(tries * RETRY_AFTER_MS * (1 + Math.random()));
    }
  }
}

/** The parts of a transaction that are the same for all actors. */
interface Shared {
  readonly em: EntityManager;
  readonly events: NewEvent[];
  readonly locks: LockTrail;
  readonly call: ClaimedCall | null;
  time?: Promise<Date>;
}

function openTransaction(shared: Shared, actor: Actor): Transaction {
  const { em, events, locks, call } = shared;
  const isRepeat = call?.isRepeat ?? false;
  let grants: Grants | undefined;
  return {
    em,
    actor,
    locks,
    call,
    isRepeat,
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
      if (isRepeat)
        throw new Error(`The repeat of a call must change nothing, and published ${definition.type}`);
      events.push(newEvent(definition, { ...event, actor: referenceTo(actor) }));
    },
    actingAs: (other) => openTransaction(shared, other),
  };
}
