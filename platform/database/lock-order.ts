import { type EntityClass, type FilterQuery, LockMode, type QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * The locks of one transaction, checked against the order that its subgraph declares.
 *
 * Two transactions that take the same locks in the same order cannot wait for each other. The order is a list of names;
 * a name may be taken again, but none that stands before one that was taken already.
 */
export interface LockTrail {
  /** Notes a lock. Throws when it is taken out of order, or not in the list; in production it notes nothing. */
  take(name: string): void;
}

let isEnforced = false;

/** Makes every lock that is taken out of order an error. For tests: in production it would fail what could succeed. */
export function enforceLockOrder(): void {
  isEnforced = true;
}

/** Starts the trail of one transaction. */
export function createLockTrail(order: readonly string[]): LockTrail {
  let last = -1;
  return {
    take(name) {
      if (!isEnforced) return;
      const place = order.indexOf(name);
      if (place < 0) throw new Error(`The lock ${name} is not in the lock order: ${order.join(', ')}`);
      if (place < last) {
        throw new Error(`The lock ${name} is taken after ${order[last]}; the order is ${order.join(', ')}`);
      }
      last = place;
    },
  };
}

/** A transaction, as far as locks need it. */
interface Locking {
  readonly em: EntityManager;
  readonly locks: LockTrail;
}

export interface LockOptions<Entity> {
  /** Share the lock with others who only need the row to stay as it is. By default nobody else gets it. */
  isShared?: boolean;
  orderBy?: QueryOrderMap<Entity>;
}

/** Locks the first row of a filter until the commit, and returns it as it is now; null when there is none. */
export async function lockOne<Entity extends object>(
  { em, locks }: Locking,
  entity: EntityClass<Entity>,
  where: FilterQuery<Entity>,
  { isShared = false, orderBy }: LockOptions<Entity> = {},
): Promise<Entity | null> {
  locks.take(entity.name);
  const row = await em.findOne(
    entity,
    where as never,
    {
      lockMode: isShared ? LockMode.PESSIMISTIC_READ : LockMode.PESSIMISTIC_WRITE,
      ...(orderBy && { orderBy }),
    } as never,
  );
  return row as Entity | null;
}

/** Locks a row that is known to exist. Throws when it does not: that is a fault of ours. */
export async function lockExisting<Entity extends { id: string }>(
  tx: Locking,
  entity: EntityClass<Entity>,
  id: string,
): Promise<Entity> {
  const row = await lockOne(tx, entity, { id } as FilterQuery<Entity>);
  if (!row) throw new Error(`${entity.name} ${id} is referred to but does not exist`);
  return row;
}

/** Locks all rows of a filter in the order of their ids, so that two transactions that lock some of the same cannot deadlock. */
export async function lockAll<Entity extends object>(
  { em, locks }: Locking,
  entity: EntityClass<Entity>,
  where: FilterQuery<Entity>,
  orderBy: QueryOrderMap<Entity> = { id: 'asc' } as never,
): Promise<Entity[]> {
  locks.take(entity.name);
  return (await em.find(
    entity,
    where as never,
    { orderBy, lockMode: LockMode.PESSIMISTIC_WRITE } as never,
  )) as Entity[];
}
