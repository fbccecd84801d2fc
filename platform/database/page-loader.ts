import { isDeepStrictEqual } from 'node:util';
import { type EntityClass, type EntityProperty, type FilterQuery, raw } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import DataLoader from 'dataloader';
import { isUuid } from '../input/input.ts';
import { describeList, type List, type ListOrder } from './list.ts';
import {
  type Page,
  type PageArguments,
  type PageRequest,
  refuseCursor,
  requestPage,
  toPage,
} from './page.ts';
import { asArray } from './sql.ts';

/** A list that each parent has. */
export interface ListPerParent<Row extends object> {
  /** The property that holds the id of the parent, as a column of its own or a relation with `mapToPk`. */
  readonly parent: keyof Row & string;
  /** Which of a parent's rows are in the list, for every call. */
  readonly where?: FilterQuery<Row>;
  readonly orderBy: ListOrder<Row>;
}

/** Reads one page of a parent's list. `where` narrows it for this call. */
export type PageLoader<Row extends object> = (
  parentId: string,
  args: PageArguments,
  where?: FilterQuery<Row>,
) => Promise<Page<Row>>;

/** A call that waits for its statement. */
interface Call<Row extends object> {
  readonly parentId: string;
  readonly list: List;
  readonly request: PageRequest<Row>;
  readonly where: FilterQuery<Row>;
}

/**
 * Creates a reader of one list of many parents, for one request.
 *
 * The pages are those that `readPage` gives for `{ [parent]: parentId, ...where }`: the same arguments, errors, cursors
 * and managed rows. Calls of the same tick that ask for the same page of different parents are one SQL statement. With
 * an index on the parent and the order's columns, it reads only the rows of the pages and one more for each parent.
 * A parent without rows has an empty page. Nothing is cached: a later call reads again. Pending changes of `em` are not
 * flushed first.
 */
export function createPageLoader<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  { parent, where: always = {} as FilterQuery<Row>, orderBy }: ListPerParent<Row>,
): PageLoader<Row> {
  const pages = new DataLoader<Call<Row>, Promise<Page<Row>>>(
    async (calls) => readPages(em, entity, parent, calls),
    { cache: false },
  );
  return async (parentId, args, extra = {} as FilterQuery<Row>) => {
    const where = { $and: [always, extra] } as FilterQuery<Row>;
    const list = describeList(em, entity, { $and: [where, { [parent]: parentId }] } as never, orderBy);
    return pages.load({ parentId, list, where, request: requestPage<Row>(list, args) });
  };
}

/** Starts the statements of all calls. Each call has its own promise: one statement's error is not another's. */
function readPages<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  parent: string,
  calls: readonly Call<Row>[],
): Promise<Page<Row>>[] {
  const pages = new Map<Call<Row>, Promise<Page<Row>>>();
  for (const group of groupByPage(calls)) {
    const rows = readRows(em, entity, parent, group).catch(refuseCursor(group[0]!.request));
    for (const call of group) {
      const toPageOfCall = (read: Map<string, Row[]>) =>
        toPage(call.list, call.request, read.get(call.parentId) ?? []);
      pages.set(call, rows.then(toPageOfCall));
    }
  }
  return calls.map((call) => pages.get(call)!);
}

/** Groups the calls that differ in nothing but the parent. */
function groupByPage<Row extends object>(calls: readonly Call<Row>[]): Call<Row>[][] {
  const groups: Call<Row>[][] = [];
  for (const call of calls) {
    const group = groups.find(
      ([first]) =>
        isDeepStrictEqual(first!.request, call.request) && isDeepStrictEqual(first!.where, call.where),
    );
    if (group) group.push(call);
    else groups.push([call]);
  }
  return groups;
}

/** Reads one page of rows of each parent, by the parent's id. */
async function readRows<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  parent: string,
  calls: readonly Call<Row>[],
): Promise<Map<string, Row[]>> {
  const { columnTypes }: EntityProperty = em.getMetadata().get(entity).properties[parent as never];
  const [type] = columnTypes;
  const ids = [...new Set(calls.map(({ parentId }) => parentId))];
  const parentIds = type === 'uuid' ? ids.filter(isUuid) : ids;
  if (parentIds.length === 0) return new Map();

  const [statement, parameters] = selectRows(em, entity, parent, calls[0]!);
  const rows: { parent_place: number }[] = await em.execute(
    `select parent.place::int as parent_place, item.*
     from unnest(?::${type}[]) with ordinality as parent (id, place) ${statement}`,
    [asArray(parentIds), ...parameters],
  );
  const byParent = new Map<string, Row[]>(parentIds.map((id) => [id, []]));
  for (const { parent_place, ...columns } of rows) {
    byParent.get(parentIds[parent_place - 1]!)!.push(manage(em, entity, columns));
  }
  return byParent;
}

/** Makes a managed row of what the driver has read, in the way of `em.find`. */
function manage<Row extends object>(em: EntityManager, entity: EntityClass<Row>, columns: object): Row {
  const data = em.getDriver().mapResult<Row>(columns as never, em.getMetadata().get(entity))!;
  return em.getEntityFactory().create(entity, data, { merge: true, convertCustomTypes: true }) as Row;
}

/**
 * Joins each parent with its rows, in their order.
 *
 * The lateral join reads the beginning of each parent's part of the index. `row_number() over (partition by …)` would
 * read all rows of all parents (compared with EXPLAIN ANALYZE on PostgreSQL 15).
 */
function selectRows<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  parent: string,
  { list, request, where }: Call<Row>,
): [statement: string, parameters: readonly unknown[]] {
  const filters = [where, request.after ?? {}, request.before ?? {}, { [parent]: raw('parent.id') }];
  const { sql, params } = em
    .createQueryBuilder(entity, 'item')
    .where({ $and: filters } as never)
    .orderBy(request.orderBy)
    .limit(request.count + 1)
    .toQuery();
  const order = list.columns.map(({ property, fieldName }) => {
    const column = em.getPlatform().quoteIdentifier(fieldName);
    return `item.${column} ${request.orderBy[property as never]}`;
  });
  return [`cross join lateral (${sql}) as item order by parent.place, ${order.join()}`, params];
}
