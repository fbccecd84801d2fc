import type { EntityClass } from '@mikro-orm/core';
import type { EventDefinition } from '../../schema/events/event.ts';
import type { LoggedEvent } from './event-log.ts';
import { on, type Reaction } from './readers.ts';

/**
 * One line of a projection: for each event, inserts or updates the row that `toRow` makes of it, in one statement.
 *
 * The row is found by the primary key. A repeat writes the same values again. Columns that `toRow` leaves out keep
 * their values; a new row gets the defaults of the entity and of the database.
 */
export const keep = <Payload, Entity extends object>(
  definition: EventDefinition<Payload>,
  entity: EntityClass<Entity>,
  toRow: (payload: Payload, event: LoggedEvent<Payload>) => Partial<Entity>,
): Reaction<Payload> =>
  on(definition, ({ em }, payload, event) => em.upsert(entity, toRow(payload, event) as never));
