import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../platform/input/page-bounds.ts';
import { measureFragments } from './fragments.ts';

/** The most objects that a document may ask for, estimated from its text and variables. */
export const OBJECTS_MAX = 50_000;
/** The assumed length of a list without pages, such as the columns of a board. */
const LIST_ITEMS_ASSUMED = 10;

/** The fields inside a connection. Items are counted at the connection, not again at these fields. */
const PAGE_PARTS: ReadonlySet<string> = new Set(['nodes', 'edges', 'node', 'pageInfo']);

export interface CostedRequest {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** Coerced, with default values. */
  variables: Readonly<Record<string, unknown>>;
}

/**
 * Returns an error with LIMIT_EXCEEDED when a request asks for more than OBJECTS_MAX objects, otherwise null.
 *
 * Nested pages multiply: ten levels of a hundred items each are a short document, and more than a subgraph can answer.
 */
export function refuseCost(request: CostedRequest): GraphQLError | null {
  const objects = countObjects(request);
  if (objects <= OBJECTS_MAX) return null;
  return new GraphQLError(
    `The document asks for up to ${objects} objects at once; at most ${OBJECTS_MAX}. Ask for smaller pages, or nest fewer of them.`,
    { extensions: { code: 'LIMIT_EXCEEDED', http: { status: 400 } } },
  );
}

function countObjects({ schema, document, operation, variables }: CostedRequest): number {
  const ofFragment = measureFragments(document, 0, ({ typeCondition, selectionSet }) => {
    const type = schema.getType(typeCondition.name.value);
    return type ? ofSelections(selectionSet, type) : 0;
  });

  const ofField = (node: FieldNode, parent: GraphQLNamedType): number => {
    if (!node.selectionSet || node.name.value.startsWith('__')) return 0;
    if (!isObjectType(parent) && !isInterfaceType(parent)) return 0;
    const field = parent.getFields()[node.name.value];
    if (!field) return 0;
    const type = getNamedType(field.type);
    const self = PAGE_PARTS.has(node.name.value) ? 0 : 1;
    return itemsOf(node, field, variables) * (self + ofSelections(node.selectionSet, type));
  };

  const ofSelections = ({ selections }: SelectionSetNode, parent: GraphQLNamedType): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + ofField(selection, parent);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const type = selection.typeCondition && schema.getType(selection.typeCondition.name.value);
      return sum + ofSelections(selection.selectionSet, type && isCompositeType(type) ? type : parent);
    }, 0);

  const root = schema.getRootType(operation.operation);
  return root ? ofSelections(operation.selectionSet, root) : 0;
}

/** Returns how many objects a field can return at most. */
function itemsOf(
  node: FieldNode,
  { args, name, type }: GraphQLField<unknown, unknown>,
  variables: Readonly<Record<string, unknown>>,
): number {
  const isPage = args.some((argument) => argument.name === 'first');
  if (isPage) return pageItems(node, variables);
  const isList = isListType(isNonNullType(type) ? type.ofType : type);
  return isList && !PAGE_PARTS.has(name) ? LIST_ITEMS_ASSUMED : 1;
}

function pageItems(
  { arguments: given = [] }: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  for (const { name, value } of given) {
    if (name.value !== 'first' && name.value !== 'last') continue;
    const items =
      value.kind === Kind.VARIABLE ? variables[value.name.value] : 'value' in value && value.value;
    const count = Number(items ?? Number.NaN);
    // The subgraph refuses values out of bounds.
    if (Number.isFinite(count)) return Math.min(Math.max(1, count), PAGE_ITEMS_MAX);
  }
  return PAGE_ITEMS_DEFAULT;
}
