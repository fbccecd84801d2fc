import { randomUUID } from 'node:crypto';
import type { GraphQLDataSource } from '@apollo/gateway';
import { GraphQLError, type ValidationRule } from 'graphql';
import type { Viewer } from '../../platform/identity/statement.ts';
import type { Logger } from '../../platform/process/log.ts';
import type { GatewayContext } from '../context.ts';
import { refuseCost } from '../cost.ts';
import { formatPublicError, publicError } from '../public-error.ts';
import { readVariables } from '../variables.ts';
import { type Channel, createChannel } from './channel.ts';
import { createGroup } from './group.ts';
import { createHydrator } from './hydration.ts';
import { createPlanner, type Graph, type SubscriptionPlan, SubscriptionRefused } from './plan.ts';
import { openStream } from './stream.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';
import type { Upstream } from './upstream.ts';

export interface SubscriptionsOptions {
  graph: Graph;
  rules: readonly ValidationRule[];
  hideSuggestions: boolean;
  /** The sources that the gateway itself asks, by the subgraph's name. */
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
  upstream: (subgraph: string) => Upstream;
  log: Logger;
  startMs: number;
  resumeMs: number;
  queueMax: number;
  stallMs: number;
  hydrationMs: number;
  hydrationsMax: number;
}

export interface SubscribeRequest {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
  context: GatewayContext;
}

/** Subscriptions over the supergraph; see README.md, "How a subscription goes". */
export interface Subscriptions {
  /** The client's subscription, or why there is none. What the subgraph itself refuses comes as the first result. */
  subscribe(request: SubscribeRequest): Subscriber | readonly GraphQLError[];
  /** Ends them all without a word: clients hear of the restart by the code that closes their socket. */
  close(): void;
}

export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { graph, log, queueMax } = options;
  const plan = createPlanner(options);
  const hydrate = createHydrator({
    graph,
    dataSources: options.dataSources,
    withinMs: options.hydrationMs,
    concurrencyMax: options.hydrationsMax,
    log,
  });
  const channels = new Map<string, Channel>();

  const join = (request: SubscribeRequest, prepared: PreparedRequest): Subscriber => {
    const { plan, primaryVariables, channelKey, groupKey } = prepared;
    const { context } = request;
    const channel =
      channels.get(channelKey) ??
      openChannel(options, plan, primaryVariables, context.viewer, () => channels.delete(channelKey));
    channels.set(channelKey, channel);
    const variables = request.variables ?? {};
    const group = channel.group(groupKey, () => ({
      changesEvent: plan.changesEvent,
      group: createGroup({
        hydrate: (event, fetches) => hydrate({ plan, variables, context, event, fetches }),
        pendingMax: queueMax,
        onDrained: () => channel.proceed(),
      }),
    }));
    const subscriber = createSubscriber({
      queueMax,
      stallMs: options.stallMs,
      slowness: SLOWNESS,
      onEnd: () => {
        group.leave(subscriber);
        channel.release(groupKey);
      },
    });
    group.join(subscriber, channel.greeting());
    return subscriber;
  };

  return {
    subscribe(request) {
      try {
        const prepared = prepare(plan(request.query, request.operationName ?? undefined), graph, request);
        return 'errors' in prepared ? prepared.errors : join(request, prepared);
      } catch (error) {
        if (error instanceof SubscriptionRefused) return error.errors;
        const { message, extensions } = formatPublicError(error, log);
        return [new GraphQLError(message, { extensions: extensions ?? {} })];
      }
    },
    close() {
      for (const channel of [...channels.values()]) channel.end();
    },
  };
}

const openChannel = (
  options: SubscriptionsOptions,
  { primary: { serviceName: subgraph }, shape }: SubscriptionPlan,
  variables: Variables,
  viewer: Viewer,
  onClose: () => void,
): Channel =>
  createChannel({
    open: (listener) =>
      openStream({
        ...options,
        ...listener,
        upstream: options.upstream(subgraph),
        subgraph,
        shape,
        variables,
        viewer,
      }),
    onClose,
  });

const SLOWNESS = publicError(
  'SLOW_CONSUMER',
  'The events were read too slowly. Subscribe again with the last cursor.',
).toJSON();

type Variables = Record<string, unknown>;

interface PreparedRequest {
  plan: SubscriptionPlan;
  primaryVariables: Variables;
  channelKey: string;
  groupKey: string;
}

/** Finds what a request can share with others: the same stream, seen by the same viewer, and then the same document. */
function prepare(
  plan: SubscriptionPlan,
  { apiSchema }: Graph,
  { variables, context: { viewer } }: SubscribeRequest,
): PreparedRequest | { errors: readonly GraphQLError[] } {
  const given = variables ?? {};
  const { coerced, errors } = readVariables(apiSchema, plan.operation, given);
  if (errors) return { errors };
  const { document, operation } = plan;
  const tooMuch = refuseCost({ schema: apiSchema, document, operation, variables: coerced });
  if (tooMuch) return { errors: [tooMuch] };
  const { primary, shape } = plan;
  const usages = (primary.variableUsages ?? []).filter((name) => given[name] !== undefined);
  const primaryVariables = Object.fromEntries(usages.map((name) => [name, given[name]]));
  // Who comes with a cursor replays alone: what others of the same cursor have seen already was not for this one.
  const sharing = shape.startsAfter(coerced)
    ? randomUUID()
    : [viewer.id, viewer.displayName, viewer.avatarUrl];
  return {
    plan,
    primaryVariables,
    channelKey: stableText([primary.serviceName, primary.operation, primaryVariables, sharing]),
    groupKey: stableText([plan.key, coerced]),
  };
}

/** The same for values that differ only in the order of their keys. */
const stableText = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
