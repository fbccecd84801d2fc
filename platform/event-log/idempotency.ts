import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { LockTrail } from '../database/lock-order.ts';
import { type Actor, actorKey } from '../identity/actor.ts';
import { DomainError } from '../input/errors.ts';

/** A call that its caller may repeat. The same key from the same actor for the same verb is the same call. */
export interface IdempotentCall {
  verb: string;
  key: string;
  /** The arguments. A repeat must bring the same. */
  input: unknown;
}

/** A call whose key a transaction has claimed. */
export interface ClaimedCall {
  /** Whether the call has done its work before. */
  readonly isRepeat: boolean;
  /** The id that the first call kept; null when it kept none. */
  readonly resultId: string | null;
  /** Keeps the id of what the call made, for its repeats. */
  keepResult(em: EntityManager, id: string): Promise<void>;
  /** Forgets the call, so that its next repeat is a first one: for work outside the database that failed. */
  forget(em: EntityManager): Promise<void>;
}

/**
 * Claims the key of a call in the transaction that does its work. A repeat is known until retention removes the key:
 * RETENTION_IDEMPOTENCY_HOURS after the call, 24 at least.
 *
 * Key and work are one transaction, so a call that fails leaves its key unused. A repeat that arrives during the first
 * call waits for it. Throws IDEMPOTENCY_MISMATCH when the key comes with another input.
 */
export async function claimCall(
  { em, actor, locks }: { em: EntityManager; actor: Actor; locks: LockTrail },
  call: IdempotentCall,
): Promise<ClaimedCall> {
  const identity = [actorKey(actor), call.verb, call.key];
  const where = 'where actor = ? and verb = ? and key = ?';
  locks.take('IdempotencyKey');
  const requestSha256 = createHash('sha256').update(canonical(call.input)).digest('hex');
  const [claimed] = await em.execute(
    `insert into log.idempotency (actor, verb, key, request_sha256) values (?, ?, ?, ?)
     on conflict do nothing returning key`,
    [...identity, requestSha256],
  );
  const [known]: { request_sha256: string; result_id: string | null }[] = claimed
    ? []
    : await em.execute(`select request_sha256, result_id from log.idempotency ${where}`, identity);
  if (!claimed && known?.request_sha256 !== requestSha256) {
    throw new DomainError('IDEMPOTENCY_MISMATCH', 'This idempotency key was used with other arguments', {
      field: ['input', 'idempotencyKey'],
    });
  }
  return {
    isRepeat: !claimed,
    resultId: known?.result_id ?? null,
    async keepResult(em, id) {
      await em.execute(`update log.idempotency set result_id = ? ${where}`, [id, ...identity]);
    },
    async forget(em) {
      await em.execute(`delete from log.idempotency ${where}`, identity);
    },
  };
}

/** JSON with sorted keys, because the order in which a client writes its arguments does not matter. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
