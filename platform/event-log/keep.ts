import type { EntityClass } from '@mikro-orm/core';
import type { EventDefinition } from '../../schema/events/event.ts';
import type { LoggedEvent } from './event-log.ts';
import { on, type Reaction } from './readers.ts';

/**
 * A line of a projection: whenever the event is heard of, the row that `toRow` makes of it is inserted or updated.
 *
 * A repeat writes the same values again. Columns that `toRow` leaves out keep what they hold, and are filled by the
 * database's defaults on the first insert.
 */
export const keep = <Payload, Entity extends object>(
  definition: EventDefinition<Payload>,
  entity: EntityClass<Entity>,
  toRow: (payload: Payload, event: LoggedEvent<Payload>) => Partial<Entity>,
): Reaction<Payload> =>
  on(definition, ({ em }, payload, event) => em.upsert(entity, toRow(payload, event) as never));
