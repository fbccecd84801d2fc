import {
  type DefinitionNode,
  type DocumentNode,
  type ExecutionResult,
  executeSync,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { isSchemaField, placeholder } from './rewriting.ts';

/**
 * Answers the fields of a query that ask for the schema itself, with all fields that graphql-js knows.
 *
 * Apollo's executor would plan them over its own list of fields, which is older than GraphQL's.
 * `unused` is a response name that the document does not use.
 */
export function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  unused: string,
): ExecutionResult {
  const alias = { kind: Kind.NAME, value: unused } as const;
  const query = schema.getQueryType()?.name;
  const definitions = document.definitions.flatMap((node): DefinitionNode[] => {
    if (node === operation)
      return [{ ...operation, selectionSet: onlySchemaFields(operation.selectionSet, alias) }];
    if (node.kind !== Kind.FRAGMENT_DEFINITION) return [];
    const isAtRoot = node.typeCondition.name.value === query;
    return [isAtRoot ? { ...node, selectionSet: onlySchemaFields(node.selectionSet, alias) } : node];
  });
  return executeSync({
    schema,
    document: { kind: Kind.DOCUMENT, definitions },
    variableValues: variables,
  });
}

/** Replaces the other fields at the root of a query. No field returns a query, so its fragments are all at the root. */
const onlySchemaFields = (set: SelectionSetNode, alias: NameNode): SelectionSetNode => ({
  ...set,
  selections: set.selections.map((selection) => {
    if (selection.kind === Kind.FIELD)
      return isSchemaField(selection) ? selection : placeholder(selection, alias);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
    return { ...selection, selectionSet: onlySchemaFields(selection.selectionSet, alias) };
  }),
});

/** How many items the lists of a schema have, on average over the types of this API and rather too high. */
const ITEMS: Readonly<Record<string, number>> = {
  fields: 8,
  args: 3,
  inputFields: 5,
  enumValues: 5,
  possibleTypes: 3,
  interfaces: 2,
  directives: 6,
};

/** Estimates how many objects the fields `__schema` and `__type` of a document return. */
export function countSchemaObjects(
  roots: readonly FieldNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  schema: GraphQLSchema,
): number {
  const itemsOf = (name: string) =>
    name === 'types' ? Object.keys(schema.getTypeMap()).length : (ITEMS[name] ?? 1);
  const below = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + below(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        return fragment ? sum + below(fragment.selectionSet) : sum;
      }
      const name = selection.name.value;
      if (!selection.selectionSet) return sum;
      // The types of fields end after one or two steps, however many `ofType` a document asks for.
      if (name === 'ofType') return sum;
      return sum + itemsOf(name) * (1 + below(selection.selectionSet));
    }, 0);
  return roots.reduce((sum, { selectionSet }) => sum + (selectionSet ? 1 + below(selectionSet) : 0), 0);
}
