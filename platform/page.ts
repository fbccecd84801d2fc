import type { EntityName, FilterQuery, QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { DomainError } from './errors.ts';

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
  const bounds = pageBounds(args, Object.keys(orderBy).length);
  const cursor = await em
    .findByCursor(entity, { ...bounds, where, orderBy, includeCount: false } as never)
    .catch((error: { code?: string }) => {
      // 22xxx: PostgreSQL could not read a value of the cursor as the column's type; somebody made it up.
      throw error.code?.startsWith('22') ? invalid('after', 'The cursor is not one of this list') : error;
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

/** Checks the arguments of a connection. `positionValues` is how many values one of our cursors holds. */
export function pageBounds(args: PageArguments, positionValues: number) {
  const { first, after, last, before } = args;
  if (first != null && last != null) throw invalid('first', 'Give `first` or `last`, not both');
  for (const [name, count] of Object.entries({ first, last })) {
    if (count != null && (count < 1 || count > PAGE_ITEMS_MAX)) {
      throw invalid(name, `\`${name}\` must be 1 to ${PAGE_ITEMS_MAX}`);
    }
  }
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor != null && !isOurs(cursor, positionValues)) {
      throw invalid(name, `\`${name}\` is not a cursor of this list`);
    }
  }
  return {
    ...(last == null ? { first: first ?? PAGE_ITEMS_DEFAULT } : { last }),
    ...(after != null && { after }),
    ...(before != null && { before }),
  };
}

function isOurs(cursor: string, positionValues: number): boolean {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return (
      Array.isArray(position) &&
      position.length === positionValues &&
      position.every((value) => ['string', 'number'].includes(typeof value) && !String(value).includes('\0'))
    );
  } catch {
    return false;
  }
}

const invalid = (argument: string, message: string) =>
  new DomainError('INVALID', message, { field: [argument] });
