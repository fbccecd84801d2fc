import type { GraphQLDataSource } from '@apollo/gateway';
import { GraphQLError } from 'graphql';
import { fieldsOfFetch, type Path, placesAt, valueAt } from './fetch-places.ts';
import { publicError, unavailable } from './public-error.ts';

type Question = Parameters<GraphQLDataSource['process']>[0];
type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;
type Data = Record<string, unknown>;

/** An object of which a fetch asks for more fields: its key, as the gateway sends it. */
type Representation = Readonly<Data>;

interface Fetch {
  readonly service: string;
  readonly query: string;
  /** Where the objects are that the fetch adds to, with `@` for the items of a list; empty for the root. */
  readonly path: readonly (string | number)[];
  /** Null for a fetch at the root. */
  readonly representations: readonly Representation[] | null;
  readonly errors: readonly GraphQLError[];
}

export interface FetchLedger {
  /** Asks a subgraph. Returns its data without its errors, which are kept for `explain`. */
  ask(service: string, source: GraphQLDataSource, question: Question): Promise<Answer>;
  /**
   * Returns an error for everything that is missing in the result of a plan. `incomplete` are the values that the
   * executor could not complete.
   */
  explain(result: Data | null, incomplete: readonly GraphQLError[]): GraphQLError[];
}

/** Creates the ledger of one run of a plan: what the subgraphs answered, and why they did not. */
export function createFetchLedger(): FetchLedger {
  /** The answers to fetches at the root. The executor writes the answers to all other fetches into them. */
  const roots: Data[] = [];
  const failed: Fetch[] = [];

  return {
    async ask(service, source, question) {
      const answer = await source.process(question);
      const representations = (question.request.variables?.['representations'] ??
        null) as Fetch['representations'];
      const isUnusable = representations !== null && !hasEntities(answer.data, representations.length);
      const errors = (answer.errors ?? []) as readonly GraphQLError[];
      if (errors.length > 0 || isUnusable)
        failed.push({
          service,
          query: question.request.query ?? '',
          path: ('pathInIncomingRequest' in question && question.pathInIncomingRequest) || [],
          representations,
          errors: errors.length > 0 ? errors : [unavailable(service, 'answered with something else')],
        });
      if (isUnusable) return { data: null };
      if (representations === null && answer.data) roots.push(answer.data);
      return { data: answer.data ?? null };
    },
    explain(result, incomplete) {
      const errors = failed.flatMap((fetch) => errorsOf(fetch, roots, result));
      return [...errors, ...missingErrors(incomplete, errors, roots)];
    },
  };
}

/** Without any data a fetch is not unusable, but failed: it has errors, or the service answered null. */
const hasEntities = (data: Data | null | undefined, count: number): boolean => {
  const entities = data?.['_entities'];
  return !data || (Array.isArray(entities) && entities.length === count);
};

/** Returns the errors of a fetch with their paths in the result. The failure of a whole fetch has one for each null. */
function errorsOf(fetch: Fetch, roots: readonly Data[], result: Data | null): GraphQLError[] {
  const places = fetch.representations ? entityPlaces(fetch, roots) : [];
  return fetch.errors.flatMap((error) => {
    const path = fetch.representations ? entityPath(error.path, places) : error.path;
    if (path) return [located(error, fetch.service, path)];
    const missing = missingPaths(fetch, places, result);
    // Without a null that it explains the error is reported too, so that no failure is lost.
    return missing.length > 0
      ? missing.map((each) => located(error, fetch.service, each))
      : [located(error, fetch.service, undefined)];
  });
}

/** Gives an error of a subgraph its path and the subgraph's name. One without a code is a fault, and becomes INTERNAL. */
function located(error: GraphQLError, serviceName: string, path: Path | undefined): GraphQLError {
  const { message, extensions } = error;
  if (!extensions?.['code']) return fault(`The ${serviceName} subgraph answered: ${message}`, path);
  return new GraphQLError(message, { ...(path && { path }), extensions: { ...extensions, serviceName } });
}

/** Turns a path that begins with `_entities` and a number into a path of the result. */
function entityPath(path: Path | undefined, places: readonly (Path | undefined)[]): Path | undefined {
  const [first, index, ...rest] = path ?? [];
  const place = first === '_entities' && typeof index === 'number' ? places[index] : undefined;
  return place && [...place, ...rest];
}

/**
 * Returns the place of each object that the fetch asked for, in the order of its representations. Objects of other types
 * that stand between them, such as the people among the agents of a list, were not asked for.
 */
function entityPlaces({ path, representations }: Fetch, roots: readonly Data[]): (Path | undefined)[] {
  const all = roots.flatMap((root) => placesAt(root, path));
  let next = 0;
  return (representations ?? []).map((representation) => {
    while (next < all.length) {
      const { at, value } = all[next++]!;
      if (isOf(representation, value)) return at;
    }
    return undefined;
  });
}

const isOf = (representation: Representation, value: unknown): boolean =>
  Object.entries(representation).every(
    ([name, part]) => typeof part === 'object' || (value as Data)[name] === part,
  );

/** The paths of the fields of a failed fetch, one for each null of the result that they explain. */
function missingPaths(fetch: Fetch, places: readonly (Path | undefined)[], result: Data | null): Path[] {
  const fieldsOf = fieldsOfFetch(fetch.query);
  const paths = fetch.representations
    ? fetch.representations.flatMap((representation, index) => {
        const place = places[index];
        return place ? fieldsOf(String(representation['__typename'])).map((name) => [...place, name]) : [];
      })
    : fieldsOf(null).map((name) => [name]);
  const explained = new Map<string, Path>();
  for (const path of paths) {
    const nulled = nullAt(result, path);
    if (nulled && !explained.has(JSON.stringify(nulled))) explained.set(JSON.stringify(nulled), path);
  }
  return [...explained.values()];
}

/** Returns the beginning of a path at which the result is null; undefined if it is not null, or not selected. */
function nullAt(result: Data | null, path: Path): Path | undefined {
  let value: unknown = result;
  for (const [depth, part] of path.entries()) {
    if (value === null) return path.slice(0, depth);
    if (typeof value !== 'object' || !Object.hasOwn(value as object, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value === null ? path : undefined;
}

/** Returns an error for each value that could not be completed, unless another error explains it already. */
function missingErrors(
  incomplete: readonly GraphQLError[],
  others: readonly GraphQLError[],
  roots: readonly Data[],
): GraphQLError[] {
  if (incomplete.length === 0) return [];
  const exact = new Set<string>();
  const above = new Set<string>();
  for (const { path } of others) {
    if (!path) continue;
    exact.add(JSON.stringify(path));
    for (let length = 0; length <= path.length; length++) above.add(JSON.stringify(path.slice(0, length)));
  }
  return incomplete.flatMap(({ message, path = [] }) => {
    const isExplained =
      above.has(JSON.stringify(path)) ||
      path.some((_part, length) => exact.has(JSON.stringify(path.slice(0, length))));
    if (isExplained) return [];
    const isAbsent = roots.every((root) => (valueAt(root, path) ?? null) === null);
    return [isAbsent ? notFound(path) : fault(message, path)];
  });
}

const notFound = (path: Path): GraphQLError =>
  publicError('NOT_FOUND', 'This does not exist, or you may not see it.', { path });

/** A fault of the system, such as an enum value of a newer subgraph. It is logged, and becomes INTERNAL. */
const fault = (message: string, path: Path | undefined): GraphQLError =>
  new GraphQLError(message, { ...(path && { path }), originalError: new Error(message) });
