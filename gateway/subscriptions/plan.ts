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
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { NESTS_TOO_DEEP, nestsTooDeep, PARSE_OPTIONS } from '../limits.ts';
import { readStreamShape, type StreamShape } from './stream-shape.ts';

/** Everything that follows from the text of a subscription: made once, shared by all who send the same text. */
export interface SubscriptionPlan {
  readonly key: string;
  readonly source: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  /** The fetch that the owning subgraph answers with a stream. */
  readonly primary: FetchNode;
  readonly shape: StreamShape;
  /** What is run for each event: the primary fetch, which the event answers, and then the other subgraphs. */
  readonly eventPlan: QueryPlan;
  /** Other subgraphs are asked for each event. */
  readonly asksOthers: boolean;
  /** Running the plan changes the event that it is given. */
  readonly changesEvent: boolean;
}

/** The supergraph in the forms that the planner and the executor of the gateway take. */
export interface Graph {
  readonly api: Schema;
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  readonly supergraphSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
}

export function readGraph(supergraphSdl: string, apiSchema: GraphQLSchema): Graph {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  return {
    api: supergraph.apiSchema(),
    apiSchema,
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    planner: new QueryPlanner(supergraph),
  };
}

const PLANS_MAX = 1_000;

export interface PlannerOptions {
  graph: Graph;
  /** The rules beyond GraphQL's own: subscriptions bypass the server that applies them to queries. */
  rules: readonly ValidationRule[];
  hideSuggestions: boolean;
}

/**
 * Makes the planner of subscriptions. It throws a SubscriptionRefused for documents that are wrong or beyond the limits;
 * the plans used last are kept.
 */
export function createPlanner(options: PlannerOptions) {
  const plans = new Map<string, SubscriptionPlan>();
  return (source: string, operationName?: string): SubscriptionPlan => {
    const key = createHash('sha256')
      .update(`${operationName ?? ''}\0${source}`)
      .digest('base64url');
    const plan = plans.get(key) ?? makePlan(options, key, source, operationName);
    plans.delete(key);
    plans.set(key, plan); // the last in order is the one used last
    if (plans.size > PLANS_MAX) plans.delete(plans.keys().next().value!);
    return plan;
  };
}

/** A document that cannot be subscribed to; `errors` say why, for the client. */
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

/** Throws SubscriptionRefused for what is no GraphQL, or more than the limit of tokens. */
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
  return {
    key,
    source,
    document,
    operation,
    operationName,
    primary,
    shape: readStreamShape(primary),
    eventPlan: { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [primary, rest] } : primary },
    asksOthers: rest !== undefined,
    changesEvent: rest !== undefined || (primary.outputRewrites?.length ?? 0) > 0,
  };
}

function checkOperation(
  { graph, rules, hideSuggestions }: PlannerOptions,
  document: DocumentNode,
  operationName: string | undefined,
): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION)
    throw refused('BAD_REQUEST', 'This is no subscription, or `operationName` names none.');
  const [root] = operation.selectionSet.selections;
  const isConditional =
    root?.kind === Kind.FIELD &&
    root.directives?.some(({ name }) => ['skip', 'include'].includes(name.value));
  // The planner cannot plan a condition on the root field, graphql-js explains one misleadingly, and GraphQL forbids it.
  if (root?.kind !== Kind.FIELD || root.name.value.startsWith('__') || isConditional)
    throw refused(
      'GRAPHQL_VALIDATION_FAILED',
      'A subscription selects one field at its root: without fragment, introspection, @skip or @include.',
    );
  const errors = validate(graph.apiSchema, document, [...specifiedRules, ...rules], { hideSuggestions });
  if (errors.length > 0) throw new SubscriptionRefused(errors);
  return operation;
}

function planOperation(
  graph: Graph,
  document: DocumentNode,
  operationName: string | undefined,
): SubscriptionNode {
  const operation = operationFromDocument(graph.api, document, operationName ? { operationName } : {});
  const { node } = graph.planner.buildQueryPlan(operation);
  if (node?.kind !== 'Subscription') throw new Error('The planner made no plan of a subscription');
  return node;
}
