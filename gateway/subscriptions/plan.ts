import { createHash } from 'node:crypto';
import { operationFromDocument, type Schema, Supergraph } from '@apollo/federation-internals';
import { type FetchNode, type QueryPlan, QueryPlanner, type SubscriptionNode } from '@apollo/query-planner';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  specifiedRules,
  type ValidationRule,
  validate,
  visit,
} from 'graphql';
import { NESTS_TOO_DEEP, nestsTooDeep, PARSE_OPTIONS } from '../limits.ts';
import { readStreamShape, type StreamShape } from './stream-shape.ts';

/** Everything that the text of a subscription determines. Subscriptions with the same text share it. */
export interface SubscriptionPlan {
  readonly key: string;
  readonly source: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  /** The fetch that the owning subgraph answers with a stream. */
  readonly primary: FetchNode;
  readonly shape: StreamShape;
  /**
   * The variable of the client that says after which event the stream begins, and nothing else. Subscriptions that differ
   * only in it give the same events, once they have caught up.
   */
  readonly afterVariable: string | null;
  /** The plan that is run for each event: the primary fetch, which the event answers, then the other subgraphs. */
  readonly eventPlan: QueryPlan;
  /** The plan fetches from other subgraphs for each event. */
  readonly asksOthers: boolean;
  /** Running the plan changes the object of the event. */
  readonly changesEvent: boolean;
}

/** The supergraph in the forms that the planner and the executor of the gateway need. */
export interface Graph {
  readonly api: Schema;
  /** The schema that clients see. */
  readonly apiSchema: GraphQLSchema;
  readonly supergraphSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
}

/** Reads the committed supergraph, which was validated when it was composed. */
export function readGraph(supergraphSdl: string, apiSchema: GraphQLSchema): Graph {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  return {
    api: supergraph.apiSchema(),
    apiSchema,
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    planner: new QueryPlanner(supergraph),
  };
}

/** The most plans that are kept; the least recently used is dropped first. */
const PLANS_MAX = 1_000;

export interface PlannerOptions {
  graph: Graph;
  /** The validation rules beyond GraphQL's own. Apollo Server applies them to queries, but not to subscriptions. */
  rules: readonly ValidationRule[];
  hideSuggestions: boolean;
}

/**
 * Creates the planner of subscriptions, which keeps the plans used last.
 * It throws SubscriptionRefused for documents that are invalid or beyond the limits.
 */
export function createPlanner(options: PlannerOptions) {
  const plans = new Map<string, SubscriptionPlan>();
  return (source: string, operationName?: string): SubscriptionPlan => {
    const key = createHash('sha256')
      .update(`${operationName ?? ''}\0${source}`)
      .digest('base64url');
    const plan = plans.get(key) ?? makePlan(options, key, source, operationName);
    plans.delete(key);
    plans.set(key, plan); // moves it to the end: the first is the least recently used
    if (plans.size > PLANS_MAX) plans.delete(plans.keys().next().value!);
    return plan;
  };
}

/** A document that cannot be subscribed to. `errors` tell the client why. */
export class SubscriptionRefused extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join(' '));
    this.name = 'SubscriptionRefused';
    this.errors = errors;
  }
}

const refused = (code: string, message: string) =>
  new SubscriptionRefused([new GraphQLError(message, { extensions: { code } })]);

/** Parses a document. Throws SubscriptionRefused for invalid syntax, too many tokens and too deep nesting. */
export function parseDocument(source: string): DocumentNode {
  if (nestsTooDeep(source)) throw refused('BAD_REQUEST', NESTS_TOO_DEEP);
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    throw refused('GRAPHQL_PARSE_FAILED', (error as Error).message);
  }
}

function makePlan(
  options: PlannerOptions,
  key: string,
  source: string,
  operationName: string | undefined,
): SubscriptionPlan {
  const { graph } = options;
  const document = parseDocument(source);
  const operation = checkOperation(options, document, operationName);
  const { primary, rest } = planOperation(graph, document, operationName);
  const shape = readStreamShape(primary);
  return {
    key,
    source,
    document,
    operation,
    operationName,
    primary,
    shape,
    afterVariable: isUsedOnce(document, shape.afterVariable) ? shape.afterVariable : null,
    eventPlan: { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [primary, rest] } : primary },
    asksOthers: rest !== undefined,
    changesEvent: rest !== undefined || (primary.outputRewrites?.length ?? 0) > 0,
  };
}

/** Whether a variable stands in one place of a document, beside its definition. */
function isUsedOnce(document: DocumentNode, name: string | null): boolean {
  let places = 0;
  visit(document, {
    Variable: (node) => {
      if (node.name.value === name) places += 1;
    },
  });
  return places === 2;
}

function checkOperation(
  { graph, rules, hideSuggestions }: PlannerOptions,
  document: DocumentNode,
  operationName: string | undefined,
): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION)
    throw refused('BAD_REQUEST', 'The document has no subscription, or none with this `operationName`.');
  // GraphQL forbids conditions at the root. The planner fails on them, and graphql-js gives a misleading reason.
  if (rootSelections(document, operation).some((node) => isIntrospection(node) || isConditional(node)))
    throw refused(
      'GRAPHQL_VALIDATION_FAILED',
      'A subscription selects one field at its root: without introspection, @skip or @include.',
    );
  const errors = validate(graph.apiSchema, document, [...specifiedRules, ...rules], { hideSuggestions });
  if (errors.length > 0) throw new SubscriptionRefused(errors);
  return operation;
}

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

function planOperation(
  graph: Graph,
  document: DocumentNode,
  operationName: string | undefined,
): SubscriptionNode {
  const operation = operationFromDocument(graph.api, document, operationName ? { operationName } : {});
  const { node } = graph.planner.buildQueryPlan(operation);
  if (node?.kind !== 'Subscription') throw new Error('The planner returned no plan for a subscription');
  return node;
}
