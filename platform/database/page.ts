import type { EntityClass, FilterQuery, QueryOrderMap } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { DomainError } from '../input/errors.ts';
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../input/page-bounds.ts';
import {
  decodeCursor,
  describeList,
  encodeCursor,
  type List,
  type ListOrder,
  readingOrder,
  rowsAfter,
  rowsBefore,
} from './list.ts';

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
 * `where` may filter by related rows, see `related` in find.ts. `first` or `last` is 1 to 100, by default the first 50.
 * Throws INVALID for bounds out of range, for `first` with `last`, and for a cursor that another list made: a cursor
 * names the entity, the properties that `where` compares with one text (as a rule the id of a parent), and the properties
 * of `orderBy`.
 */
export async function readPage<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  where: FilterQuery<Row>,
  orderBy: ListOrder<Row>,
  args: PageArguments,
): Promise<Page<Row>> {
  const list = describeList(em, entity, where, orderBy);
  const request = requestPage<Row>(list, args);
  const reading = em.find(
    entity,
    { $and: [where, request.after ?? {}, request.before ?? {}] } as never,
    { orderBy: request.orderBy, limit: request.count + 1 } as never,
  );
  return toPage(list, request, (await reading.catch(refuseCursor(request))) as Row[]);
}

/** One page, as it is asked of the database. */
export interface PageRequest<Row> {
  readonly count: number;
  readonly orderBy: QueryOrderMap<Row>;
  readonly isBackward: boolean;
  /** Filters for the rows on the asked side of the cursors, if there are any. */
  readonly after: object | null;
  readonly before: object | null;
}

/** Checks the arguments of a connection, and throws INVALID for those that cannot be a page of this list. */
export function requestPage<Row extends object>(list: List, args: PageArguments): PageRequest<Row> {
  const { first, after, last, before } = args;
  if (first != null && last != null) throw invalid('first', 'Give `first` or `last`, not both');
  for (const [name, count] of Object.entries({ first, last })) {
    if (count != null && (count < 1 || count > PAGE_ITEMS_MAX)) {
      throw invalid(name, `\`${name}\` must be 1 to ${PAGE_ITEMS_MAX}`);
    }
  }
  return {
    count: last ?? first ?? PAGE_ITEMS_DEFAULT,
    orderBy: readingOrder(list, last != null),
    isBackward: last != null,
    after: after == null ? null : rowsAfter(list, positionOf(list, 'after', after)),
    before: before == null ? null : rowsBefore(list, positionOf(list, 'before', before)),
  };
}

function positionOf(list: List, argument: string, cursor: string) {
  const position = decodeCursor(list, cursor);
  if (!position) throw notOfThisList(argument);
  return position;
}

/** Makes a page of the rows that a request has read: in its order, and one more than `count` when there are more. */
export function toPage<Row extends object>(
  list: List,
  { count, isBackward, after, before }: PageRequest<Row>,
  rows: readonly Row[],
): Page<Row> {
  const hasMore = rows.length > count;
  const nodes = rows.slice(0, count);
  if (isBackward) nodes.reverse();
  const edges = nodes.map((node) => ({ cursor: encodeCursor(list, node), node }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: isBackward ? before !== null : hasMore,
      hasPreviousPage: isBackward ? hasMore : after !== null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/**
 * Turns an error of the database that the value of a cursor caused into INVALID.
 * 22xxx: the value is of the right kind, but the column's type does not reach that far.
 */
export const refuseCursor =
  <Row>({ after, before }: PageRequest<Row>) =>
  (error: { code?: string }): never => {
    const isOutOfRange = error.code?.startsWith('22') ?? false;
    if (isOutOfRange && (after || before)) throw notOfThisList(after ? 'after' : 'before');
    throw error;
  };

const notOfThisList = (argument: string) => invalid(argument, `\`${argument}\` is not a cursor of this list`);
const invalid = (argument: string, message: string) =>
  new DomainError('INVALID', message, { field: [argument] });
