import type { EntityClass, EntityProperty, FilterQuery, QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { isStorable, isUuid } from '../input/input.ts';

/** The order of a list, by properties of its rows. The last one must be unique in the list. */
export type ListOrder<Row> = { readonly [Property in keyof Row & string]?: 'asc' | 'desc' };

/** The rows of an entity that a filter selects, in an order. */
export interface List {
  /**
   * The entity, the properties that the filter compares with one text (as a rule the id of a parent), and the properties
   * of the order. It is the same for all parents, and whatever else the filter asks for.
   */
  readonly name: string;
  readonly columns: readonly Column[];
}

interface Column {
  readonly property: string;
  readonly fieldName: string;
  readonly isDescending: boolean;
  readonly isNullable: boolean;
  readonly kind: Kind;
}

type Value = string | number | Date | null;
type Filter = Record<string, unknown>;

/** A place in a list: the values of its order's columns, in their order. */
export type Position = readonly Value[];

/** Describes a list. Throws when one of the properties of its order cannot be a part of a cursor. */
export function describeList<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  where: FilterQuery<Row>,
  orderBy: ListOrder<Row>,
): List {
  const { className, properties } = em.getMetadata().get(entity);
  const columns = Object.entries(orderBy).map(([property, direction]) =>
    describeColumn(properties[property as never], direction === 'desc'),
  );
  const ids = pathsOfTexts(where).sort();
  const order = columns.map(({ property }) => property);
  return { name: `${[className, ...ids].join('.')}:${order.join()}`, columns };
}

function describeColumn(property: EntityProperty, isDescending: boolean): Column {
  const kind = property.columnTypes[0] === 'uuid' ? 'uuid' : property.runtimeType;
  if (!isKind(kind))
    throw new Error(`A list cannot be ordered by ${property.name}: cursors hold no values of type ${kind}`);
  const [fieldName] = property.fieldNames;
  const isNullable = property.nullable ?? false;
  return { property: property.name, fieldName: fieldName!, isDescending, isNullable, kind };
}

/** The properties that a filter compares with one text, such as the id of a parent. Those of related rows by path. */
function pathsOfTexts(where: unknown, path = ''): string[] {
  if (typeof where === 'string') return [path];
  if (typeof where !== 'object' || where === null || Array.isArray(where)) return [];
  return Object.entries(where).flatMap(([key, value]) => {
    if (key === '$and' && Array.isArray(value)) return value.flatMap((part) => pathsOfTexts(part, path));
    return key.startsWith('$') ? [] : pathsOfTexts(value, path ? `${path}.${key}` : key);
  });
}

/** The cursor of a row of a list. */
export function encodeCursor<Row extends object>({ name, columns }: List, row: Row): string {
  const values = columns.map(({ property }) => row[property as keyof Row] ?? null);
  return Buffer.from(JSON.stringify([name, ...values])).toString('base64url');
}

/** Returns the position that a cursor stands for, and null for a text that is not a cursor of this list. */
export function decodeCursor({ name, columns }: List, cursor: string): Position | null {
  const [list, ...values] = parseArray(Buffer.from(cursor, 'base64url').toString());
  const isOfList = list === name && values.length === columns.length;
  if (!isOfList || !columns.every((column, index) => fits(column, values[index]))) return null;
  return columns.map(({ kind }, index) => {
    const value = values[index] as string | number | null;
    return kind === 'Date' && value !== null ? new Date(value) : value;
  });
}

function parseArray(json: string): unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** What a value of a cursor must be. A value of another kind would be an error of the database, which looks like our fault. */
const FITS = {
  uuid: (value: unknown) => typeof value === 'string' && isUuid(value),
  Date: (value: unknown) => typeof value === 'string' && /^\d{4}-/.test(value) && isMoment(value),
  number: (value: unknown) => Number.isFinite(value),
  string: (value: unknown) => typeof value === 'string' && isStorable(value),
};

type Kind = keyof typeof FITS;

const isKind = (kind: string): kind is Kind => Object.hasOwn(FITS, kind);
const isMoment = (text: string): boolean => new Date(text).toJSON() === text;

const fits = ({ kind, isNullable }: Column, value: unknown): boolean =>
  value === null ? isNullable : FITS[kind](value);

/** A filter for the rows after a position. */
export const rowsAfter = ({ columns }: List, position: Position): Filter => beyond(columns, position);

/** A filter for the rows before a position. */
export const rowsBefore = ({ columns }: List, position: Position): Filter =>
  beyond(columns.map(reverse), position);

const reverse = (column: Column): Column => ({ ...column, isDescending: !column.isDescending });

/**
 * The first column is compared twice, so that an index on it bounds the rows that are read: PostgreSQL makes no bound
 * of `a > 1 or (a = 1 and b > 2)`, but of `a >= 1 and (a > 1 or b > 2)`.
 */
function beyond([column, ...columns]: readonly Column[], [value, ...values]: Position): Filter {
  const past = compare(column!, value!, false);
  if (columns.length === 0) return past;
  return { $and: [compare(column!, value!, true), { $or: [past, beyond(columns, values)] }] };
}

/** The rows whose value comes later than `value`, or is equal to it. PostgreSQL orders null as the greatest value. */
function compare({ property, isDescending, isNullable }: Column, value: Value, orEqual: boolean): Filter {
  if (isDescending) {
    if (value === null) return orEqual ? {} : { [property]: { $ne: null } };
    return { [property]: { [orEqual ? '$lte' : '$lt']: value } };
  }
  if (value === null) return { [property]: orEqual ? null : { $in: [] } };
  const greater = { [property]: { [orEqual ? '$gte' : '$gt']: value } };
  return isNullable ? { $or: [greater, { [property]: null }] } : greater;
}

/** The order in which a page is read: from the end of the list when it is read backward. */
export const readingOrder = <Row extends object>({ columns }: List, isBackward: boolean) =>
  Object.fromEntries(
    columns.map(({ property, isDescending }) => [property, isDescending === isBackward ? 'asc' : 'desc']),
  ) as QueryOrderMap<Row>;
