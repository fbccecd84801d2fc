import {
  buildOperationContext,
  executeQueryPlan,
  type GraphQLDataSource,
  type ServiceMap,
} from '@apollo/gateway';
import { bulkhead } from 'cockatiel';
import type { FormattedExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from '../../platform/process/log.ts';
import type { GatewayContext } from '../context.ts';
import { formatPublicError, reportMissing } from '../public-error.ts';
import type { Graph, SubscriptionPlan } from './plan.ts';

/**
 * The fetches of one event, made once for all who follow it.
 * No longer than one event: what was fetched before the next event may show the state before it.
 */
export type EventFetches = Map<string, Promise<Answer>>;

type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;
type Question = Parameters<GraphQLDataSource['process']>[0];

export interface HydratorOptions {
  graph: Graph;
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
  /** How long other subgraphs may take for one event, all in all; what is missing then is reported as unavailable. */
  withinMs: number;
  concurrencyMax: number;
  log: Logger;
}

export interface Hydration {
  plan: SubscriptionPlan;
  variables: Record<string, unknown>;
  context: GatewayContext;
  event: FormattedExecutionResult;
  fetches: EventFetches;
}

/**
 * Makes what turns a subgraph's event into a client's result: the plan is run by the gateway's own executor, with the
 * event as the answer to the primary fetch. Never throws.
 */
export function createHydrator(options: HydratorOptions) {
  const crowd = bulkhead(options.concurrencyMax, Number.POSITIVE_INFINITY);
  return (hydration: Hydration): Promise<FormattedExecutionResult> =>
    hydration.plan.asksOthers
      ? crowd.execute(() => hydrate(options, hydration))
      : hydrate(options, hydration);
}

async function hydrate(options: HydratorOptions, hydration: Hydration): Promise<FormattedExecutionResult> {
  const { graph, log } = options;
  const { plan } = hydration;
  try {
    const { data, errors, extensions } = await executeQueryPlan(
      plan.eventPlan,
      createServiceMap(options, hydration),
      requestContext(options, hydration) as never,
      buildOperationContext({
        schema: graph.apiSchema,
        operationDocument: plan.document,
        ...(plan.operationName !== undefined && { operationName: plan.operationName }),
      }),
      graph.supergraphSchema,
      graph.api,
    );
    return reportMissing({
      data: data ?? null,
      ...(errors && { errors: errors.map((error) => formatPublicError(error, log)) }),
      ...(extensions && { extensions }),
    });
  } catch (error) {
    return { data: null, errors: [formatPublicError(error as GraphQLError, log)] };
  }
}

function requestContext({ graph, withinMs, log }: HydratorOptions, { plan, variables, context }: Hydration) {
  return {
    request: { query: plan.source, operationName: plan.operationName, variables },
    document: plan.document,
    operation: plan.operation,
    operationName: plan.operationName ?? null,
    source: plan.source,
    queryHash: plan.key,
    schema: graph.apiSchema,
    context: { ...context, deadlineAt: Date.now() + withinMs } satisfies GatewayContext,
    logger: log,
    metrics: {}, // the executor writes into it
  };
}

function createServiceMap({ dataSources }: HydratorOptions, { plan, event, fetches }: Hydration): ServiceMap {
  const services: ServiceMap = Object.create(null);
  for (const [name, source] of dataSources) {
    const isPrimary = ({ request }: Question) =>
      name === plan.primary.serviceName && request.query === plan.primary.operation;
    services[name] = {
      process: (question) =>
        isPrimary(question) ? Promise.resolve(event as Answer) : fetchOnce(fetches, name, source, question),
    };
  }
  return services;
}

/** Everybody gets a copy of the answer, as the executor writes into it. */
async function fetchOnce(
  fetches: EventFetches,
  name: string,
  source: GraphQLDataSource,
  question: Question,
): Promise<Answer> {
  const { query, variables } = question.request;
  const key = `${name}\0${query}\0${JSON.stringify(variables)}`;
  const fetch = fetches.get(key) ?? source.process(question);
  fetches.set(key, fetch);
  const { data, ...answer } = await fetch;
  return { ...answer, data: structuredClone(data ?? null) };
}
