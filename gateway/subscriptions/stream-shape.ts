import type { FetchNode } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FieldNode,
  type FormattedExecutionResult,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  visit,
} from 'graphql';
import { fragmentsOf } from '../fragments.ts';

/** What the gateway needs in order to follow and resume a subgraph's stream, beyond what the client selected. */
export interface StreamShape {
  /** The primary fetch of the plan as the subgraph gets it. Each event also tells its position and its type. */
  readonly query: string;
  /** The same query from the position in the variable. */
  readonly resume: { readonly query: string; readonly variable: string };
  /** Whether the client asks for events after a position, given the values of its variables. */
  startsAfter(variables: Readonly<Record<string, unknown>>): boolean;
  /** The client's variable in which the position comes; null when it does not come in a variable. */
  readonly afterVariable: string | null;
  /** Returns the position of an event; null for an event without data. */
  positionOf(event: FormattedExecutionResult): Position | null;
  /** Returns a copy of a steering event (`StreamCaughtUp`, `StreamReset`) with another position and time. */
  moved(event: FormattedExecutionResult, cursor: string, occurredAt: Date): FormattedExecutionResult;
}

export interface Position {
  readonly cursor: string;
  readonly typename: string;
}

/**
 * Derives the shape of a stream from the primary fetch of a plan. It relies on every field of `Subscription` having the
 * argument `after` and events with a `cursor`, which gateway/tests/stream-shape.test.ts checks.
 *
 * The query asks for the position under aliases that the client does not use, so that every stream can be resumed. The
 * executor leaves them out of the client's result.
 */
export function readStreamShape({ operation }: FetchNode): StreamShape {
  const document = parse(operation);
  const root = rootField(document);
  const [cursorKey, typeKey, variable] = ['streamCursor', 'streamType', 'streamAfter'].map((name) =>
    unusedName(operation, name),
  ) as [string, string, string];
  const rootKey = responseKey(root);
  const followed = withFields(document, root, [aliased(cursorKey, 'cursor'), aliased(typeKey, '__typename')]);
  const after = root.arguments?.find(({ name }) => name.value === 'after')?.value;
  const eventOf = (event: FormattedExecutionResult) =>
    event.data?.[rootKey] as Record<string, unknown> | null | undefined;
  return {
    query: print(followed),
    resume: { query: print(withAfter(followed, variable)), variable },
    startsAfter: (variables) => isGiven(after, variables),
    afterVariable: after?.kind === Kind.VARIABLE ? after.name.value : null,
    positionOf(event) {
      const { [cursorKey]: cursor, [typeKey]: typename } = eventOf(event) ?? {};
      return typeof cursor === 'string' && typeof typename === 'string' ? { cursor, typename } : null;
    },
    moved(event, cursor, occurredAt) {
      const copy = structuredClone(event);
      const fields = topFields(rootField(followed).selectionSet, fragmentsOf(followed));
      for (const field of fields) {
        if (field.name.value === 'cursor') eventOf(copy)![responseKey(field)] = cursor;
        if (field.name.value === 'occurredAt') eventOf(copy)![responseKey(field)] = occurredAt.toISOString();
      }
      return copy;
    },
  };
}

const operationOf = (document: DocumentNode) =>
  document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode;

/** The root field of a subscription. The planner makes exactly one. */
const rootField = (document: DocumentNode) => operationOf(document).selectionSet.selections[0] as FieldNode;

const responseKey = ({ alias, name }: FieldNode) => (alias ?? name).value;

const nameNode = (value: string) => ({ kind: Kind.NAME, value }) as const;

const aliased = (alias: string, name: string): FieldNode => ({
  kind: Kind.FIELD,
  alias: nameNode(alias),
  name: nameNode(name),
});

const unusedName = (text: string, name: string): string =>
  text.includes(name) ? unusedName(text, `${name}_`) : name;

const withFields = (document: DocumentNode, root: FieldNode, fields: FieldNode[]): DocumentNode =>
  visit(document, {
    Field: (node) => {
      if (node !== root || !node.selectionSet) return undefined;
      const selections = [...fields, ...node.selectionSet.selections];
      return { ...node, selectionSet: { ...node.selectionSet, selections } };
    },
  });

/** Takes `after` from a variable, and removes variables that are no longer used. */
function withAfter(document: DocumentNode, variable: string): DocumentNode {
  const root = rootField(document);
  const after = { kind: Kind.VARIABLE, name: nameNode(variable) } as const;
  const others = root.arguments?.filter(({ name }) => name.value !== 'after') ?? [];
  const resumed = visit(document, {
    Field: (node) =>
      node === root
        ? { ...node, arguments: [...others, { kind: Kind.ARGUMENT, name: nameNode('after'), value: after }] }
        : undefined,
  });
  const used = new Set<string>();
  visit(operationOf(resumed).selectionSet, { Variable: ({ name }) => void used.add(name.value) });
  for (const fragment of fragmentsOf(resumed).values())
    visit(fragment, { Variable: ({ name }) => void used.add(name.value) });
  const definition = {
    kind: Kind.VARIABLE_DEFINITION,
    variable: after,
    type: { kind: Kind.NAMED_TYPE, name: nameNode('EventCursor') },
  } as const;
  return visit(resumed, {
    OperationDefinition: (node) => ({
      ...node,
      variableDefinitions: [
        ...(node.variableDefinitions ?? []).filter(({ variable: { name } }) => used.has(name.value)),
        definition,
      ],
    }),
  });
}

function isGiven(value: ValueNode | undefined, variables: Readonly<Record<string, unknown>>): boolean {
  if (value === undefined || value.kind === Kind.NULL) return false;
  return value.kind !== Kind.VARIABLE || (variables[value.name.value] ?? null) !== null;
}

/** The fields of the event itself, also those inside fragments. */
function topFields(
  set: SelectionSetNode | undefined,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): FieldNode[] {
  const fieldsOf = (selection: SelectionNode): FieldNode[] => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return topFields(selection.selectionSet, fragments);
    return topFields(fragments.get(selection.name.value)?.selectionSet, fragments);
  };
  return set?.selections.flatMap(fieldsOf) ?? [];
}
