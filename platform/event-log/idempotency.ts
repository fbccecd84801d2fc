import { createHash } from 'node:crypto';
import { actorKey } from '../identity/actor.ts';
import { DomainError } from '../input/errors.ts';
import type { Transaction } from './transaction.ts';

/** A call that its caller may repeat. The same key from the same actor for the same verb is the same call. */
export interface IdempotentCall {
  verb: string;
  /** Without a key every call is a new one. */
  key: string | null | undefined;
  /** The arguments. A repeat must bring the same. */
  input: unknown;
}

/**
 * Does the work of a call once. A repeat returns the id that the first call returned, until retention removes the key:
 * RETENTION_IDEMPOTENCY_HOURS after the call, 24 at least.
 *
 * Key and work are one transaction, so a call that fails leaves its key unused. A repeat that arrives during the first
 * call waits for it. Throws IDEMPOTENCY_MISMATCH when the key comes with another input.
 */
export async function once(
  { em, actor, locks }: Transaction,
  call: IdempotentCall,
  work: () => Promise<string>,
): Promise<string> {
  if (call.key == null) return work();
  const identity = [actorKey(actor), call.verb, call.key];
  locks.take('IdempotencyKey');
  const requestSha256 = createHash('sha256').update(canonical(call.input)).digest('hex');
  const [claimed] = await em.execute(
    `insert into log.idempotency (actor, verb, key, request_sha256) values (?, ?, ?, ?)
     on conflict do nothing returning key`,
    [...identity, requestSha256],
  );
  if (claimed) {
    const resultId = await work();
    await em.execute('update log.idempotency set result_id = ? where actor = ? and verb = ? and key = ?', [
      resultId,
      ...identity,
    ]);
    return resultId;
  }
  const [known]: { request_sha256: string; result_id: string }[] = await em.execute(
    'select request_sha256, result_id from log.idempotency where actor = ? and verb = ? and key = ?',
    identity,
  );
  if (known?.request_sha256 !== requestSha256) {
    throw new DomainError('IDEMPOTENCY_MISMATCH', 'This idempotency key was used with other arguments', {
      field: ['input', 'idempotencyKey'],
    });
  }
  return known.result_id;
}

/** JSON with sorted keys, because the order in which a client writes its arguments does not matter. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
