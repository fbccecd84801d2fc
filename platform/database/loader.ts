import type { EntityClass } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import DataLoader from 'dataloader';
import { isUuid } from '../input/input.ts';

/** Loads rows by id. Calls of the same tick are one SQL statement. */
export interface EntityLoader<Entity> {
  /** Returns the row, and null when there is none or the text cannot be an id. */
  load(id: string): Promise<Entity | null>;
  /** Returns a row that another row refers to. Throws when it is gone: that is a fault of ours, not of the client. */
  loadExisting(id: string): Promise<Entity>;
}

/** Creates a loader for one request. It keeps what it has loaded, so requests of different viewers must not share it. */
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
