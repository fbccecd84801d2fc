import type { EntityClass } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import DataLoader from 'dataloader';
import { isUuid } from '../input/input.ts';

/** Rows by id, all that are asked for at the same time in one query. */
export interface EntityLoader<Entity> {
  /** Null for what does not exist. */
  load(id: string): Promise<Entity | null>;
  /** For ids that our own rows hold. Throws when the row is gone: that is a fault of ours, not of the client. */
  loadExisting(id: string): Promise<Entity>;
}

/** For one request: rows that one viewer read must never answer another. */
export function createEntityLoader<Entity extends { id: string }>(
  em: EntityManager,
  entity: EntityClass<Entity>,
): EntityLoader<Entity> {
  const rows = new DataLoader<string, Entity | null>(async (ids) => {
    const found = await em.find(entity, { id: { $in: ids.filter(isUuid) } } as never);
    const byId = new Map(found.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
  return {
    load: (id) => rows.load(id),
    async loadExisting(id) {
      const row = await rows.load(id);
      if (!row) throw new Error(`${entity.name} ${id} is referred to but does not exist`);
      return row;
    },
  };
}
