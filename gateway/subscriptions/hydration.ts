import type { GraphQLDataSource } from '@apollo/gateway';
import type { FormattedExecutionResult } from 'graphql';
import { actorKey } from '../../platform/identity/actor.ts';
import { createFairQueue } from '../../platform/process/fair-queue.ts';
import type { GatewayContext } from '../context.ts';
import type { Graph } from '../graph.ts';
import { runPlan } from '../plan-run.ts';
import { formatPublicError } from '../public-error.ts';
import type { SubscriptionPlan } from './plan.ts';

/**
 * The fetches for one event, shared by all groups that follow the stream.
 * They must not be reused for the next event: their answers can show the state before it.
 */
type EventFetches = Map<string, Promise<Answer>>;

/** What the groups that follow a stream share in completing one event. */
export interface EventWork {
  readonly fetches: EventFetches;
  /** The event happened just now. Events of a replay wait for those. */
  readonly isLive: boolean;
}

type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;
type Question = Parameters<GraphQLDataSource['process']>[0];

export interface HydratorOptions {
  graph: Graph;
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
  /** How long other subgraphs may take for one event in total. Fields that are missing then are UNAVAILABLE. */
  withinMs: number;
  /** The most events that are hydrated at a time, over all subscriptions. */
  concurrencyMax: number;
}

export interface Hydration {
  plan: SubscriptionPlan;
  variables: Record<string, unknown>;
  context: GatewayContext;
  event: FormattedExecutionResult;
  work: EventWork;
}

/**
 * Creates the function that turns an event of a subgraph into the result for the client.
 *
 * The gateway's own executor runs the plan and gets the event as the answer to the primary fetch. Live events come before
 * those of replays, which get a quarter of the places, and people get their turns. Never throws.
 */
export function createHydrator(options: HydratorOptions) {
  const { concurrencyMax } = options;
  const queue = createFairQueue({ runningMax: concurrencyMax, patientMax: Math.ceil(concurrencyMax / 4) });
  return (hydration: Hydration): Promise<FormattedExecutionResult> => {
    if (!hydration.plan.asksOthers) return hydrate(options, hydration);
    const turn = { owner: actorKey(hydration.context.actor), isUrgent: hydration.work.isLive };
    return queue.run(turn, () => hydrate(options, hydration));
  };
}

async function hydrate(options: HydratorOptions, hydration: Hydration): Promise<FormattedExecutionResult> {
  const { plan, variables } = hydration;
  const { log } = hydration.context;
  try {
    const { data, errors } = await runPlan({
      graph: options.graph,
      prepared: plan.prepared,
      plan: plan.eventPlan,
      variables,
      context: { ...hydration.context, deadlineAt: Date.now() + options.withinMs },
      dataSources: eventSources(options, hydration),
    });
    return {
      data,
      ...(errors.length > 0 && { errors: errors.map((error) => formatPublicError(error, log)) }),
    };
  } catch (error) {
    return { data: null, errors: [formatPublicError(error, log)] };
  }
}

/** The data sources for one event, which is itself the answer to the primary fetch. */
function eventSources({ dataSources }: HydratorOptions, { plan, event, work }: Hydration) {
  const { primary } = plan;
  const sources = [...dataSources].map(([name, source]): [string, GraphQLDataSource] => {
    const isPrimary = ({ request }: Question) =>
      name === primary.serviceName && request.query === primary.operation;
    return [
      name,
      {
        process: (question) =>
          isPrimary(question)
            ? Promise.resolve(event as Answer)
            : fetchOnce(work.fetches, name, source, question),
      },
    ];
  });
  return new Map(sources);
}

/** Fetches once per event. Each caller gets a copy of the answer, because the executor writes into it. */
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
