import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import type { GatewayContext } from './context.ts';
import type { ClientDocument } from './documents.ts';
import type { Graph } from './graph.ts';
import { type Operations, requireOperation } from './operations.ts';
import { type PlanResult, runPlan } from './plan-run.ts';
import { checkVariables, requireNoNulls } from './request-check.ts';

/** A request for an operation of a document that has been read. */
export interface OperationRequest {
  /** Needed for a document with several operations. An empty one counts as absent. */
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** Queries and mutations, over HTTP and over WebSocket. */
export interface Queries {
  /** Carries out a query or mutation. Throws RequestRefused before any subgraph is asked. */
  run(
    document: ClientDocument,
    request: OperationRequest,
    context: GatewayContext,
  ): Promise<PlanResult & { plan: QueryPlan }>;
}

export interface QueriesOptions {
  graph: Graph;
  operations: Operations;
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
}

/** Creates the queries and mutations over the supergraph. */
export const createQueries = ({ graph, operations, dataSources }: QueriesOptions): Queries => ({
  async run(document, request, context) {
    const operation = requireOperation(document, request.operationName);
    const variables = request.variables ?? {};
    const coerced = checkVariables(graph.apiSchema, document, operation, variables);
    const prepared = operations.prepare(document, operation, context);
    requireNoNulls(prepared, coerced);
    const { plan } = prepared;
    return { plan, ...(await runPlan({ graph, prepared, plan, variables, context, dataSources })) };
  },
});
