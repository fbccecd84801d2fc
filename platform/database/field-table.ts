import { isDeepStrictEqual } from 'node:util';
import type { EntityClass, EventArgs, EventSubscriber } from '@mikro-orm/core';
import type { z } from 'zod';

/** A property of an entity that can change after the row was created. */
export interface ChangeableField<Value> {
  /** What inputs may set it to; absent for what no input sets directly. */
  readonly input?: z.ZodType;
  /** The fields of the API that change with it. The first one names it in histories. */
  readonly apiNames: readonly string[];
  /** The value as a history tells it. By default its text, and null for no value. */
  readonly tell?: (value: Value) => string | null;
}

/** Everything that can change in the rows of an entity, by property. */
export type FieldTable<Row> = { readonly [Property in keyof Row]?: ChangeableField<Row[Property]> };

/** A property that has changed. */
export interface ChangedProperty<Property extends PropertyKey = string> {
  readonly property: Property;
  readonly before: unknown;
  readonly after: unknown;
}

/** The properties that the ORM itself writes with every change. */
const MANAGED = new Set(['version', 'updatedAt']);

/** By class: two subgraphs of one process may have entities of one name. */
const tables = new WeakMap<object, ReadonlySet<string>>();

/**
 * Declares what can change in the rows of an entity. Inputs, histories and events derive from the table.
 *
 * From then on a flush that updates another property of such a row throws: a change that is in no table would be stored
 * without a history and without an event. `em.nativeUpdate`, `em.upsert` and SQL are not checked.
 */
export function defineFieldTable<Row extends object, const Table extends FieldTable<Row>>(
  entity: EntityClass<Row>,
  table: Table & { readonly [Unknown in Exclude<keyof Table, keyof Row>]: never },
): Table {
  tables.set(entity, new Set(Object.keys(table)));
  return table;
}

/**
 * The changes whose values differ from those of the row. Only these are checked against other rows: a form sends back
 * what it has read, and a value that stays must not be refused because the world around it has changed.
 */
export const differing = <Row extends object, Changes extends { readonly [Property in keyof Row]?: unknown }>(
  row: Row,
  changes: Changes,
): Partial<Changes> =>
  Object.fromEntries(
    Object.entries(changes).filter(
      ([property, after]) =>
        after !== undefined && !isDeepStrictEqual(row[property as keyof Row] ?? null, after),
    ),
  ) as Partial<Changes>;

/**
 * Sets properties of a row, and returns those whose values differ from before. What is undefined stays.
 * Throws for a property that is not in the table.
 */
export function applyChanges<Row extends object, Table extends FieldTable<Row>>(
  row: Row,
  table: Table,
  changes: { readonly [Property in keyof Table & keyof Row]?: Row[Property] | undefined },
): ChangedProperty<keyof Table & keyof Row & string>[] {
  const changed: ChangedProperty<keyof Table & keyof Row & string>[] = [];
  const differences = Object.entries(
    differing(row, changes as { readonly [Property in keyof Row]?: unknown }),
  );
  for (const [property, after] of differences as [keyof Table & keyof Row & string, never][]) {
    if (!Object.hasOwn(table, property)) {
      throw new Error(`${row.constructor.name}.${property} is in no table of changeable fields`);
    }
    const before = row[property];
    row[property] = after;
    changed.push({ property, before, after });
  }
  return changed;
}

/** Refuses updates of properties that are not in the entity's table. An entity without a table is not checked. */
export class FieldTableGuard implements EventSubscriber {
  beforeUpdate({ entity, changeSet }: EventArgs<object>): void {
    const table = tables.get(entity.constructor);
    if (!table) return;
    for (const property of Object.keys(changeSet?.payload ?? {})) {
      if (table.has(property) || MANAGED.has(property)) continue;
      throw new Error(
        `${entity.constructor.name}.${property} changed, and is in no table of changeable fields`,
      );
    }
  }
}
