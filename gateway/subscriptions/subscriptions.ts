import type { GraphQLDataSource } from '@apollo/gateway';
import { actorKey } from '../../platform/identity/actor.ts';
import { createFairQueue, type FairQueue } from '../../platform/process/fair-queue.ts';
import type { GatewayContext } from '../context.ts';
import type { ClientDocument } from '../documents.ts';
import type { Graph } from '../graph.ts';
import { type Operations, requireOperation } from '../operations.ts';
import { publicError } from '../public-error.ts';
import type { OperationRequest } from '../queries.ts';
import { checkVariables, requireNoNulls } from '../request-check.ts';
import { rewriteVariables } from '../rewriting.ts';
import type { Member } from './channel.ts';
import { type ChannelKeys, createChannelRegistry, type StreamListener } from './channel-registry.ts';
import { createGroup } from './group.ts';
import { createHydrator } from './hydration.ts';
import { createPlanner, type SubscriptionPlan } from './plan.ts';
import { openStream, type Stream } from './stream.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';
import type { Upstream } from './upstream.ts';

export interface SubscriptionsOptions {
  graph: Graph;
  operations: Operations;
  /** The data sources of the gateway, by the subgraph's name. */
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
  upstream: (subgraph: string) => Upstream;
  /** See StreamOptions. */
  startMs: number;
  resumeMs: number;
  /** See SubscriberOptions. */
  queueMax: number;
  stallMs: number;
  /** See HydratorOptions. */
  hydrationMs: number;
  hydrationsMax: number;
}

export interface SubscribeRequest extends OperationRequest {
  document: ClientDocument;
  context: GatewayContext;
  /** See SubscriberOptions. */
  onQueued?: (bytes: number) => void;
}

/** Subscriptions over the supergraph; see "How a subscription is served" in README.md. */
export interface Subscriptions {
  /**
   * Returns the client's subscription. A refusal by the subgraph comes as the first result. Throws RequestRefused before
   * the subgraph is asked.
   */
  subscribe(request: SubscribeRequest): Subscriber;
  /** Ends all subscriptions without an error: the code that closes the socket tells clients of the restart. */
  close(): void;
}

/** Creates the subscriptions of a gateway. They open the streams of subgraphs on demand and share them. */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { graph, queueMax } = options;
  const plan = createPlanner(options.operations);
  const hydrate = createHydrator({
    graph,
    dataSources: options.dataSources,
    withinMs: options.hydrationMs,
    concurrencyMax: options.hydrationsMax,
  });
  const registry = createChannelRegistry();
  const admission = createFairQueue({
    runningMax: STREAMS_BEGUN_AT_ONCE_MAX,
    perOwnerMax: PERSON_BEGUN_AT_ONCE_MAX,
  });

  const join = (request: SubscribeRequest, prepared: PreparedRequest): Subscriber => {
    const { plan, groupKey } = prepared;
    const { context } = request;
    const variables = request.variables ?? {};
    const subscriber = createSubscriber({
      queueMax,
      queueBytesMax: QUEUE_BYTES_MAX,
      onQueued: request.onQueued,
      stallMs: options.stallMs,
      slowness: SLOWNESS,
      onEnd: () => registry.leave(member),
    });
    const member: Member = {
      subscriber,
      groupKey,
      createGroup: (onDrained) => ({
        changesEvent: plan.changesEvent,
        group: createGroup({
          hydrate: (event, work) => hydrate({ plan, variables, context, event, work }),
          pendingMax: queueMax,
          onDrained,
        }),
      }),
    };
    registry.join(prepared, member, (listener) =>
      openChannelStream(options, prepared, context, { ...listener, admission }),
    );
    return subscriber;
  };

  return {
    subscribe(request) {
      const { document, operationName, context } = request;
      const operation = requireOperation(document, operationName);
      const coerced = checkVariables(graph.apiSchema, document, operation, request.variables ?? {});
      return join(request, prepare(plan(document, operation, context), request, coerced));
    },
    close() {
      registry.close();
    },
  };
}

/** Opens the stream of a channel. It keeps the request id of the request that opened it, also when others join. */
const openChannelStream = (
  options: SubscriptionsOptions,
  { plan: { primary, shape }, primaryVariables: variables, isReplay }: PreparedRequest,
  { actor, requestId }: GatewayContext,
  { admission, ...listener }: StreamListener & { admission: FairQueue },
): Stream =>
  openStream({
    ...options,
    ...listener,
    enter: (replays, signal) => admission.enter({ owner: actorKey(actor), isUrgent: !replays, signal }),
    isReplay,
    upstream: options.upstream(primary.serviceName),
    subgraph: primary.serviceName,
    shape,
    variables,
    actor,
    requestId,
  });

/**
 * The most streams that begin or catch up at a time: in all, and of one person. When thousands of clients come back at
 * once, the others wait in order, and what is live is not delayed by what they missed.
 */
const STREAMS_BEGUN_AT_ONCE_MAX = 32;
const PERSON_BEGUN_AT_ONCE_MAX = 4;

/** A queue of fewer but larger results is full too. */
const QUEUE_BYTES_MAX = 4_194_304;

const SLOWNESS = publicError(
  'SLOW_CONSUMER',
  'The events were read too slowly. Subscribe again with the last cursor.',
).toJSON();

type Variables = Record<string, unknown>;

interface PreparedRequest extends ChannelKeys {
  plan: SubscriptionPlan;
  primaryVariables: Variables;
  groupKey: string;
}

/** Determines what a request shares: a channel with the same stream and actor, a group also with the same document. */
function prepare(
  plan: SubscriptionPlan,
  { variables, context: { actor } }: SubscribeRequest,
  coerced: Variables,
): PreparedRequest {
  const { prepared, primary, shape, afterVariable } = plan;
  requireNoNulls(prepared, coerced);
  const given = rewriteVariables(prepared.rewriting, variables ?? {});
  const values = rewriteVariables(prepared.rewriting, coerced);
  const usages = (primary.variableUsages ?? []).filter((name) => given[name] !== undefined);
  const primaryVariables = Object.fromEntries(usages.map((name) => [name, given[name]]));
  const withoutAfter = (all: Variables) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => name !== shape.afterVariable));
  const live = [primary.serviceName, shape.resume.query, withoutAfter(primaryVariables), actor];
  return {
    plan,
    primaryVariables,
    isReplay: shape.startsAfter(values),
    liveKey: stableText(live),
    replayKey: stableText([live, primary.operation, primaryVariables]),
    groupKey: stableText([prepared.key, afterVariable === null ? values : withoutAfter(values)]),
  };
}

/** Returns the same text for values that differ only in the order of their keys. */
const stableText = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
