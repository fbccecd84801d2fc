import {
  type DocumentNode,
  doTypesOverlap,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { fragmentsOf } from './fragments.ts';

/**
 * An operation in the form that Apollo's planner and executor can carry out, with the names to give back to the client.
 *
 * They read some response names as their own: `id` as the key of an object, `__typename` as its type, and the variable
 * `representations` as the list of keys. Names of the client that would be mistaken are replaced, and restored in the
 * answer. The schema's own fields (`__schema`, `__type`), which are answered without a subgraph, are replaced too.
 *
 * Fragments are written out, and those on a type that every object in their place has lose their condition: the executor
 * forgets the type of an object inside `... on Actor`, and would drop a `... on User` within it.
 */
export interface Rewriting {
  /** The operation, without fragment definitions. */
  readonly document: DocumentNode;
  /** The client's response names, by those in `document`; null for what the client does not get. Almost always empty. */
  readonly names: ReadonlyMap<string, string | null>;
  /** The client's variables, by those in `document`. */
  readonly variables: ReadonlyMap<string, string>;
  /** The response names, in `document`, of fields that the schema itself answers. */
  readonly introspected: ReadonlySet<string>;
  /** A beginning of names that the client's document does not use. */
  readonly prefix: string;
}

export interface RewritingOptions {
  schema: GraphQLSchema;
  /** The names that the planner reads as parts of keys. */
  keyFields: ReadonlySet<string>;
}

/** The variable in which the gateway sends the keys of objects to a subgraph. */
const REPRESENTATIONS = 'representations';

/** Rewrites an operation of a valid document within the limits. */
export function rewriteOperation(
  options: RewritingOptions,
  source: string,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Rewriting {
  const prefix = unusedPrefix(source, 'client_');
  const names = new Map<string, string | null>();
  const variables = new Map<string, string>();
  const introspected = new Set<string>();
  const renamed = (name: string): NameNode => {
    names.set(prefix + name, name);
    return { kind: Kind.NAME, value: prefix + name };
  };
  const empty = (): FieldNode => {
    names.set(`${prefix}none`, null);
    return { kind: Kind.FIELD, alias: { kind: Kind.NAME, value: `${prefix}none` }, name: TYPENAME };
  };
  const written = writeOutFragments(options.schema, document, operation, empty);
  const rewritten = visit(written, {
    Field(node) {
      const key = responseKey(node);
      if (isSchemaField(node)) {
        introspected.add(prefix + key);
        return placeholder(node, renamed(key));
      }
      const isMistaken = key !== node.name.value && (options.keyFields.has(key) || key === '__typename');
      return isMistaken ? { ...node, alias: renamed(key) } : undefined;
    },
    Variable(node) {
      if (node.name.value !== REPRESENTATIONS) return undefined;
      variables.set(prefix + REPRESENTATIONS, REPRESENTATIONS);
      return { ...node, name: { kind: Kind.NAME, value: prefix + REPRESENTATIONS } };
    },
  });
  return {
    document: { kind: Kind.DOCUMENT, definitions: [rewritten] },
    ...{ names, variables, introspected, prefix },
  };
}

/**
 * Puts the selections of fragments in the place of their spreads, without conditions that every object fulfils, and without
 * fragments that no object fulfils. `empty` makes the field of a selection of which nothing is left.
 */
function writeOutFragments(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  empty: () => FieldNode,
): OperationDefinitionNode {
  const fragments = fragmentsOf(document);

  const writeOut = (set: SelectionSetNode, parent: GraphQLNamedType): SelectionSetNode => {
    const selections = set.selections.flatMap((node): readonly SelectionNode[] => {
      if (node.kind === Kind.FIELD) return [ofField(node, parent)];
      const { typeCondition, selectionSet } =
        node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value)!;
      const type = (typeCondition && schema.getType(typeCondition.name.value)) ?? parent;
      const isFulfilled = type === parent || (isAbstractType(type) && isSubType(type, parent));
      if (
        !isFulfilled &&
        isCompositeType(type) &&
        isCompositeType(parent) &&
        !doTypesOverlap(schema, type, parent)
      )
        return [];
      const inner = writeOut(selectionSet, isFulfilled ? parent : type);
      if (isFulfilled && !node.directives?.length) return inner.selections;
      const fragment = {
        kind: Kind.INLINE_FRAGMENT,
        directives: node.directives ?? [],
        selectionSet: inner,
      } as const;
      return [isFulfilled || !typeCondition ? fragment : { ...fragment, typeCondition }];
    });
    return { ...set, selections: selections.length > 0 ? selections : [empty()] };
  };
  const isSubType = (type: GraphQLAbstractType, parent: GraphQLNamedType) =>
    (isObjectType(parent) || isInterfaceType(parent)) && schema.isSubType(type, parent);
  const ofField = (node: FieldNode, parent: GraphQLNamedType): FieldNode => {
    const field = 'getFields' in parent ? parent.getFields()[node.name.value] : undefined;
    if (!node.selectionSet || !field || isSchemaField(node)) return node;
    return { ...node, selectionSet: writeOut(node.selectionSet, getNamedType(field.type)) };
  };

  const root = schema.getRootType(operation.operation)!;
  return { ...operation, selectionSet: writeOut(operation.selectionSet, root) };
}

/** Returns the variables of a request under the names of the rewritten operation. */
export function rewriteVariables(
  { variables }: Rewriting,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const rewritten = { ...given };
  for (const [name, original] of variables) {
    if (original in given) rewritten[name] = given[original];
    delete rewritten[original];
  }
  return rewritten;
}

/** Returns a part of an answer under the client's names. */
export function restoreNames({ names }: Rewriting, value: unknown): unknown {
  if (names.size === 0) return value;
  const restore = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(restore);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).flatMap(([name, inner]) => {
        const original = names.get(name);
        return original === null ? [] : [[original ?? name, restore(inner)]];
      }),
    );
  };
  return restore(value);
}

/** Returns the path of an error under the client's names. */
export const restorePath = (
  { names }: Rewriting,
  path: readonly (string | number)[],
): readonly (string | number)[] =>
  names.size === 0 ? path : path.map((part) => (typeof part === 'string' ? (names.get(part) ?? part) : part));

/** Returns one operation of a document, with all fragments. */
export const documentOf = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => ({
  kind: Kind.DOCUMENT,
  definitions: [operation, ...fragmentsOf(document).values()],
});

export const responseKey = ({ alias, name }: FieldNode): string => (alias ?? name).value;

/** Whether a field is answered by the schema itself. GraphQL has such fields only at the root of a query. */
export const isSchemaField = ({ name }: FieldNode): boolean =>
  name.value === '__schema' || name.value === '__type';

/** A field that costs nothing, in the place of another one and under the same conditions. */
export const placeholder = ({ directives }: FieldNode, alias: NameNode): FieldNode => ({
  kind: Kind.FIELD,
  alias,
  name: TYPENAME,
  ...(directives && { directives }),
});

const TYPENAME = { kind: Kind.NAME, value: '__typename' } as const;

const unusedPrefix = (source: string, prefix: string): string =>
  source.includes(prefix) ? unusedPrefix(source, `${prefix}_`) : prefix;
