import {
  type DocumentNode,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * Whether a subscription of a document asks at its root for the schema, or sets a condition there. GraphQL forbids both.
 * The planner and the rule of graphql-js fail on conditions.
 */
export const hasForbiddenRoot = (document: DocumentNode): boolean =>
  document.definitions.some(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION &&
      node.operation === OperationTypeNode.SUBSCRIPTION &&
      rootSelections(document, node).some((each) => isIntrospection(each) || isConditional(each)),
  );

const isIntrospection = (node: SelectionNode): boolean =>
  node.kind === Kind.FIELD && node.name.value.startsWith('__');

const isConditional = ({ directives = [] }: SelectionNode): boolean =>
  directives.some(({ name }) => name.value === 'skip' || name.value === 'include');

/** The fields at the root of an operation, and the fragments that hold them. */
function rootSelections(
  document: DocumentNode,
  { selectionSet }: { selectionSet: SelectionSetNode },
  seen: Set<string> = new Set(),
): SelectionNode[] {
  return selectionSet.selections.flatMap((node): SelectionNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return [node, ...rootSelections(document, node, seen)];
    const name = node.name.value;
    const fragment = document.definitions.find(
      (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name,
    );
    if (seen.has(name) || fragment?.kind !== Kind.FRAGMENT_DEFINITION) return [node]; // validation reports it
    return [node, ...rootSelections(document, fragment, seen.add(name))];
  });
}
