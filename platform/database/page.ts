import type { EntityName, EntityProperty, FilterQuery, QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { DomainError } from '../input/errors.ts';
import { isStorable, isUuid } from '../input/input.ts';

export const PAGE_ITEMS_DEFAULT = 50;
export const PAGE_ITEMS_MAX = 100;

/** The arguments of a connection, as GraphQL hands them over. */
export interface PageArguments {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}

/** A page of a list, in the shape of every connection of the API. */
export interface Page<Item> {
  nodes: Item[];
  edges: { cursor: string; node: Item }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

/**
 * Reads one page of a list, from a position that does not shift when rows are added.
 *
 * `first` or `last` is 1 to 100, by default the first 50. `orderBy` must end with a unique column.
 * Throws INVALID for bounds out of range, for `first` with `last`, and for a cursor that is not ours.
 */
export async function readPage<Entity extends object>(
  em: EntityManager,
  entity: EntityName<Entity>,
  where: FilterQuery<Entity>,
  orderBy: QueryOrderMap<Entity>,
  args: PageArguments,
): Promise<Page<Entity>> {
  const { properties } = em.getMetadata().get(entity);
  const position = Object.keys(orderBy).map((name) => kindOf(properties[name as never]));
  const bounds = pageBounds(args, position);
  const cursor = await em
    .findByCursor(entity, { ...bounds, where, orderBy, includeCount: false } as never)
    .catch((error: unknown) => {
      throw isOutOfRange(error) ? notOurs(args.after == null ? 'before' : 'after') : error;
    });
  const edges = cursor.items.map((node) => ({ cursor: cursor.from(node as never), node: node as Entity }));
  return {
    nodes: edges.map(({ node }) => node),
    edges,
    pageInfo: {
      hasNextPage: cursor.hasNextPage,
      hasPreviousPage: cursor.hasPrevPage,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** What a value of a cursor must be, by its column. */
type Kind = 'uuid' | 'Date' | 'number' | 'string';

const kindOf = (property: EntityProperty): Kind =>
  property.columnTypes[0] === 'uuid' ? 'uuid' : (property.runtimeType as Kind);

/** Checks the arguments of a connection. `position` says what one of our cursors holds. */
function pageBounds(args: PageArguments, position: readonly Kind[]) {
  const { first, after, last, before } = args;
  if (first != null && last != null) throw invalid('first', 'Give `first` or `last`, not both');
  for (const [name, count] of Object.entries({ first, last })) {
    if (count != null && (count < 1 || count > PAGE_ITEMS_MAX)) {
      throw invalid(name, `\`${name}\` must be 1 to ${PAGE_ITEMS_MAX}`);
    }
  }
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor != null && !isOurs(cursor, position)) throw notOurs(name);
  }
  return {
    ...(last == null ? { first: first ?? PAGE_ITEMS_DEFAULT } : { last }),
    ...(after != null && { after }),
    ...(before != null && { before }),
  };
}

function isOurs(cursor: string, kinds: readonly Kind[]): boolean {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return (
      Array.isArray(values) &&
      values.length === kinds.length &&
      kinds.every((kind, index) => FITS[kind](values[index]))
    );
  } catch {
    return false;
  }
}

/** A value of another kind would be an error of the query, which looks like a fault of ours. */
const FITS: Record<Kind, (value: unknown) => boolean> = {
  uuid: (value) => typeof value === 'string' && isUuid(value),
  Date: (value) => typeof value === 'string' && /^\d{4}-/.test(value) && isMoment(value),
  number: (value) => Number.isFinite(value),
  string: (value) => typeof value === 'string' && isStorable(value),
};

const isMoment = (text: string): boolean => new Date(text).toJSON() === text;

/** 22xxx: the value is of the right kind, but the column's type does not reach that far. */
const isOutOfRange = (error: unknown): boolean =>
  (error as { code?: string }).code?.startsWith('22') ?? false;

const notOurs = (argument: string) => invalid(argument, `\`${argument}\` is not a cursor of this list`);
const invalid = (argument: string, message: string) =>
  new DomainError('INVALID', message, { field: [argument] });
