import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../platform/database/page.ts';

/** Objects that a document may ask for at once, as far as can be told from its text. */
export const OBJECTS_MAX = 50_000;
/** A list that is no page, such as the columns of a board, is taken to have so many items. */
const LIST_ITEMS_ASSUMED = 10;

/** What a page is made of. A page counts at its connection. */
const PAGE_PARTS: ReadonlySet<string> = new Set(['nodes', 'edges', 'node', 'pageInfo']);

export interface CostedRequest {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** With defaults in place. */
  variables: Readonly<Record<string, unknown>>;
}

/**
 * Says why a request asks for too much, or null. Pages within pages multiply: ten levels of a hundred items each are
 * a short document, and more than any subgraph can answer.
 */
export function refuseCost(request: CostedRequest): GraphQLError | null {
  const objects = countObjects(request);
  if (objects <= OBJECTS_MAX) return null;
  return new GraphQLError(
    `The document asks for up to ${objects} objects at once; at most ${OBJECTS_MAX}. Ask for smaller pages, or for fewer within one another.`,
    { extensions: { code: 'LIMIT_EXCEEDED', http: { status: 400 } } },
  );
}

function countObjects({ schema, document, operation, variables }: CostedRequest): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const counted = new Map<string, number>();

  const ofFragment = (name: string): number => {
    const known = counted.get(name);
    if (known !== undefined) return known;
    counted.set(name, 0); // a cycle ends here; validation reports it
    const fragment = fragments.get(name);
    const type = fragment && schema.getType(fragment.typeCondition.name.value);
    const count = fragment && type ? ofSelections(fragment.selectionSet, type) : 0;
    counted.set(name, count);
    return count;
  };

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

/** How many objects a field may give. */
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
    // The subgraph refuses what is out of bounds.
    if (Number.isFinite(count)) return Math.min(Math.max(1, count), PAGE_ITEMS_MAX);
  }
  return PAGE_ITEMS_DEFAULT;
}
