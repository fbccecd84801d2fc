import type { EntityClass, FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { isUuid } from '../input/input.ts';

/** The row with an id that a client gave; null when there is none, and for a text that cannot be an id. */
export const findById = async <Entity extends { id: string }>(
  em: EntityManager,
  entity: EntityClass<Entity>,
  id: string,
): Promise<Entity | null> =>
  isUuid(id) ? ((await em.findOne(entity, { id } as FilterQuery<Entity> as never)) as Entity | null) : null;
