import {
  buildOperationContext,
  executeQueryPlan,
  type GraphQLDataSource,
  type ServiceMap,
} from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import type { GraphQLError } from 'graphql';
import type { GatewayContext } from './context.ts';
import { createFetchLedger } from './fetch-ledger.ts';
import type { Graph } from './graph.ts';
import { introspect } from './introspection.ts';
import type { PreparedOperation } from './operations.ts';
import { restoreNames, restorePath, rewriteVariables } from './rewriting.ts';

export type Data = Record<string, unknown>;

export interface PlanRun {
  graph: Graph;
  prepared: PreparedOperation;
  /** The plan to run; for the event of a subscription it is not the plan of the whole operation. */
  plan: QueryPlan;
  /** The variables as the client sent them. They must be valid. */
  variables: Readonly<Data>;
  context: GatewayContext;
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
}

export interface PlanResult {
  readonly data: Data | null;
  readonly errors: readonly GraphQLError[];
}

/**
 * Runs a query plan with the executor of Apollo's gateway.
 *
 * Every null that a failure or the schema's non-null types caused has an error, with a path of the client's document.
 * The executor would leave the second kind out as soon as a subgraph reports any error, and give no path to the failure of
 * a whole fetch. So it sees answers without errors, and `FetchLedger` says what was missing.
 */
export async function runPlan(run: PlanRun): Promise<PlanResult> {
  const { graph, prepared, plan, context } = run;
  const { rewriting } = prepared;
  const variables = rewriteVariables(rewriting, run.variables);
  const ledger = createFetchLedger();
  const result = await executeQueryPlan(
    plan,
    watchedServices(run, ledger),
    {
      request: { query: prepared.source, operationName: prepared.operationName, variables },
      document: rewriting.document,
      operation: prepared.operation,
      operationName: prepared.operationName ?? null,
      source: prepared.source,
      queryHash: prepared.key,
      schema: graph.apiSchema,
      context,
      logger: context.log,
      metrics: {}, // the executor writes into it
    } as never,
    buildOperationContext({ schema: graph.apiSchema, operationDocument: rewriting.document }),
    graph.supergraphSchema,
    graph.api,
  );
  const data = (result.data ?? null) as Data | null;
  const errors = [...(result.errors ?? []), ...ledger.explain(data, incompleteIn(result.extensions))];
  return complete(run, data, errors);
}

type FetchLedger = ReturnType<typeof createFetchLedger>;

function watchedServices({ dataSources }: PlanRun, ledger: FetchLedger): ServiceMap {
  const services: ServiceMap = Object.create(null);
  for (const [name, source] of dataSources)
    services[name] = { process: (question) => ledger.ask(name, source, question) };
  return services;
}

/** The executor reports the values that it could not complete only here, where clients do not look. */
const incompleteIn = (extensions: Data | undefined): readonly GraphQLError[] => {
  const found = extensions?.['valueCompletion'];
  return Array.isArray(found) ? (found as GraphQLError[]) : [];
};

/** Restores the client's names, and adds what the schema itself answers. */
function complete(
  { graph, prepared, variables }: PlanRun,
  data: Data | null,
  errors: GraphQLError[],
): PlanResult {
  const { rewriting, document, operation } = prepared;
  for (const error of errors) {
    if (error.path) Object.assign(error, { path: restorePath(rewriting, error.path) });
  }
  if (data === null || rewriting.introspected.size === 0)
    return { data: restoreNames(rewriting, data) as Data | null, errors };
  const schema = introspect(graph.apiSchema, document, operation, variables, `${rewriting.prefix}unused`);
  const entries = Object.entries(data).flatMap(([name, value]): [string, unknown][] => {
    const key = rewriting.names.get(name);
    if (key === null) return [];
    const isOfSchema = key !== undefined && rewriting.introspected.has(name);
    return [[key ?? name, isOfSchema ? schema.data?.[key] : restoreNames(rewriting, value)]];
  });
  return { data: Object.fromEntries(entries), errors: [...errors, ...(schema.errors ?? [])] };
}
