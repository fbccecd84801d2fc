import { Kind, type OperationDefinitionNode, parse, type SelectionSetNode } from 'graphql';
import { fragmentsOf } from './fragments.ts';
import { responseKey } from './rewriting.ts';

export type Path = readonly (string | number)[];

/** A place in a result, and the object that stands there. */
export interface Place {
  readonly at: Path;
  readonly value: object;
}

/** Returns the objects at a path with `@` for the items of a list, in the order in which the executor takes them. */
export function placesAt(root: object, path: Path): Place[] {
  const find = (value: unknown, depth: number, at: Path): Place[] => {
    if (typeof value !== 'object' || value === null) return [];
    const part = path[depth];
    if (part === undefined) return [{ at, value }];
    if (part === '@')
      return Array.isArray(value)
        ? value.flatMap((item, index) => find(item, depth + 1, [...at, index]))
        : [];
    return Object.hasOwn(value, part)
      ? find((value as Record<string | number, unknown>)[part], depth + 1, [...at, part])
      : [];
  };
  return find(root, 0, []);
}

/** Returns the value at a path of a result; undefined where the path leads nowhere. */
export const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    root,
  );

/**
 * Returns the function that names the fields which a fetch asks for: of objects of a type, or at the root for null.
 * It holds for the documents that the planner makes.
 */
export function fieldsOfFetch(query: string): (typename: string | null) => string[] {
  const document = parse(query, { noLocation: true });
  const fragments = fragmentsOf(document);
  const namesIn = ({ selections }: SelectionSetNode, typename: string | null): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [responseKey(selection)];
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      const condition = fragment?.typeCondition?.name.value;
      const applies = fragment && (!condition || !typename || condition === typename);
      return applies ? namesIn(fragment.selectionSet, typename) : [];
    });
  const operation = document.definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  );
  return (typename) => {
    const [entities] = operation?.selectionSet.selections ?? [];
    const isOfEntities = typename !== null && entities?.kind === Kind.FIELD;
    const set = isOfEntities ? entities.selectionSet : operation?.selectionSet;
    return set ? [...new Set(namesIn(set, typename))] : [];
  };
}
