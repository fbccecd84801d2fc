import { type EntityClass, type FilterQuery, LockMode, type QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * Checks the locks of one transaction against the order that its subgraph declares.
 *
 * Two transactions that take the same locks in the same order cannot deadlock. The order is a list of names. A name may
 * be taken again, but not after a later name of the list.
 */
export interface LockTrail {
  /** Records a lock. Throws when it is out of order or not in the list. In production it does nothing. */
  take(name: string): void;
}

let isEnforced = false;

/** Makes locks out of order an error. For tests: in production it would fail transactions that could succeed. */
export function enforceLockOrder(): void {
  isEnforced = true;
}

/** Creates the trail of one transaction. */
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

/** What a lock needs of a transaction. */
interface Locking {
  readonly em: EntityManager;
  readonly locks: LockTrail;
}

export interface LockOptions<Entity> {
  /** Shares the lock with transactions that only need the row to stay as it is. By default the lock is exclusive. */
  isShared?: boolean;
  orderBy?: QueryOrderMap<Entity>;
}

/** Locks the first row of a filter until the commit, and returns it as it is now; null when there is none. */
export async function lockOne<Entity extends object>(
  tx: Locking,
  entity: EntityClass<Entity>,
  where: FilterQuery<Entity>,
  { isShared = false, orderBy }: LockOptions<Entity> = {},
): Promise<Entity | null> {
  const lockMode = isShared ? LockMode.PESSIMISTIC_READ : LockMode.PESSIMISTIC_WRITE;
  const [row] = await lockRows(tx, entity, where, { lockMode, limit: 1, ...(orderBy && { orderBy }) });
  return row ?? null;
}

/** Like `lockOne`, for a row that must exist. Throws a plain Error, which is a fault of ours, when it does not. */
export async function lockExisting<Entity extends { id: string }>(
  tx: Locking,
  entity: EntityClass<Entity>,
  id: string,
): Promise<Entity> {
  const row = await lockOne(tx, entity, { id } as FilterQuery<Entity>);
  if (!row) throw new Error(`${entity.name} ${id} is referred to but does not exist`);
  return row;
}

/**
 * Locks all rows of a filter until the commit, and returns them as they are now. They are locked in the order of their
 * ids, so that two transactions that lock some of the same rows cannot deadlock; another `orderBy` must be as definite.
 */
export const lockAll = <Entity extends object>(
  tx: Locking,
  entity: EntityClass<Entity>,
  where: FilterQuery<Entity>,
  orderBy: QueryOrderMap<Entity> = { id: 'asc' } as never,
): Promise<Entity[]> => lockRows(tx, entity, where, { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy });

interface LockQuery {
  lockMode: LockMode;
  limit?: number;
  orderBy?: unknown;
}

/**
 * Locks rows of one entity, and of no other that the filter joins.
 *
 * The ORM merges a row into the instance that the transaction has read before, and then keeps a value that has become
 * null since. `refresh` takes the row as it is, but drops unsaved changes: so rows are refreshed one by one when there
 * are any.
 */
async function lockRows<Entity extends object>(
  { em, locks }: Locking,
  entity: EntityClass<Entity>,
  where: FilterQuery<Entity>,
  query: LockQuery,
): Promise<Entity[]> {
  locks.take(entity.name);
  const known = loadedRows(em, entity);
  const unsaved = known.filter((row) => isUnsaved(em, entity, row));
  const rootAlias = em.config.getNamingStrategy().aliasName(entity.name, 0);
  const options = { ...query, lockTableAliases: [rootAlias], refresh: unsaved.length === 0 };
  const rows = (await em.find(entity, where as never, options as never)) as Entity[];
  if (unsaved.length > 0) {
    const outdated = rows.filter((row) => known.includes(row) && !unsaved.includes(row));
    for (const row of outdated) await em.refresh(row);
  }
  return rows;
}

/** The rows of an entity that a transaction has loaded. */
const loadedRows = <Entity extends object>(em: EntityManager, entity: EntityClass<Entity>): Entity[] => [
  ...em.getUnitOfWork().getIdentityMap().getStore<Entity>(em.getMetadata().get(entity)).values(),
];

function isUnsaved<Entity extends object>(
  em: EntityManager,
  entity: EntityClass<Entity>,
  row: Entity,
): boolean {
  const saved = em.getUnitOfWork().getOriginalEntityData(row);
  const comparator = em.getComparator();
  return (
    !saved || Object.keys(comparator.diffEntities(entity, saved, comparator.prepareEntity(row))).length > 0
  );
}
