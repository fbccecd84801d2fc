import type { EventDefinition } from '../../schema/events/event.ts';
import { decodeCursor, encodeCursor } from '../event-log/cursor.ts';
import { type LoggedEvent, readEvents } from '../event-log/event-log.ts';
import { createRequestContext, type RequestContext } from './request.ts';

/** The fields that every event of a subscription has, as GraphQL resolves them. */
export interface StreamEventRoot {
  __typename: string;
  cursor: string;
  occurredAt: Date;
}

/** Turns an event of the log into an event of a subscription. */
export interface Mapping<Payload = never> {
  readonly type: string;
  readonly map: (payload: Payload) => { __typename: string } & Record<string, unknown>;
  /** Whether the subscription ends with this event. */
  readonly isLast: (payload: Payload) => boolean;
}

/** Defines the GraphQL type of an event. The payload is typed by the definition of the event. */
export const show = <Payload>(
  definition: EventDefinition<Payload>,
  map: (payload: Payload) => { __typename: string } & Record<string, unknown>,
  isLast: (payload: Payload) => boolean = () => false,
): Mapping<Payload> => ({ type: definition.type, map, isLast });

export interface FollowOptions {
  ctx: RequestContext;
  stream: string;
  after: string | null | undefined;
  /** Only events about this object. Without a subject, events about any object. */
  subject?: string;
  /** The event by which rights in this stream change. */
  rightsChange: EventDefinition;
  /** Also checks the rights before every event: set it when rights change in another stream, before this one tells. */
  checksEveryEvent?: boolean;
  /** Throws when the actor may not see this stream. It gets a new context, which holds no earlier answers. */
  authorise: (ctx: RequestContext) => Promise<unknown>;
  /** The stream has had its last event, so the subscription ends as soon as it has caught up. */
  isOver?: boolean;
}

/**
 * Makes a field of `Subscription` that follows a stream: it checks the rights, replays after the cursor, and continues
 * live. It shows the events of `mappings`, which `tests/completeness.test.ts` compares with the SDL.
 *
 * Rights are checked before the first event, and again at each event that tells of changed rights. These events are in
 * the order of the commits, so a person who lost access gets nothing that was committed afterwards. With
 * `checksEveryEvent` rights are checked after each event was read and before it is given, which promises the same.
 */
export const follows = <Args, Context extends RequestContext>(
  mappings: readonly Mapping[],
  plan: (args: Args, ctx: Context) => FollowOptions | Promise<FollowOptions>,
) => ({
  mappings,
  subscribe: async (_root: unknown, args: Args, ctx: Context) =>
    followEvents({ ...(await plan(args, ctx)), mappings }) as never,
  resolve: (event: unknown) => event as never,
});

/** The plan of one subscription, with the events that it shows. */
type Following = FollowOptions & { mappings: readonly Mapping[] };

async function followEvents(options: Following): Promise<AsyncIterableIterator<StreamEventRoot>> {
  const after = options.after == null ? null : decodeCursor(options.stream, options.after);
  await options.authorise(options.ctx);
  const abort = new AbortController();
  const events = translate(options, after, abort.signal);
  const iterator: AsyncIterableIterator<StreamEventRoot> = {
    next: () => events.next(),
    // The generator's own return() waits until its current next() ends. The signal ends it.
    return: () => {
      abort.abort();
      return events.return(undefined);
    },
    throw: (error) => {
      abort.abort();
      return events.throw(error);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function* translate(
  options: Following,
  after: number | null,
  signal: AbortSignal,
): AsyncGenerator<StreamEventRoot, undefined> {
  const { ctx, stream, subject, rightsChange, authorise } = options;
  const mappings = new Map(options.mappings.map((mapping) => [mapping.type, mapping]));
  const types = [...mappings.keys(), rightsChange.type];
  for await (const item of ctx.subgraph.hub.follow(stream, after, { types }, signal)) {
    if (item.kind !== 'event') {
      yield {
        cursor: encodeCursor(stream, item.seq),
        occurredAt: new Date(),
        ...(item.kind === 'reset'
          ? { __typename: 'StreamReset', reason: item.reason }
          : { __typename: 'StreamCaughtUp' }),
      };
      if (item.kind === 'caught-up' && options.isOver && !(await hasMore(options, item.seq))) return;
      continue;
    }
    const { event } = item;
    if (options.checksEveryEvent || event.type === rightsChange.type)
      await authorise(createRequestContext(ctx.subgraph, ctx.actor, ctx.log));
    const mapping = mappings.get(event.type);
    if (!mapping || (subject !== undefined && event.subject !== subject)) continue;
    yield eventRoot(event, mapping);
    if (mapping.isLast(event.payload as never)) return;
  }
}

/**
 * Whether there are events of this subscription after a position. The rows may tell that the stream is over before the
 * hub has read its last event.
 */
async function hasMore({ ctx, stream, subject, mappings }: Following, seq: number): Promise<boolean> {
  const filter = { types: mappings.map(({ type }) => type), subject };
  return (await readEvents(ctx.subgraph.orm.em.fork(), stream, seq, 1, filter)).length > 0;
}

const eventRoot = (event: LoggedEvent, mapping: Mapping): StreamEventRoot => ({
  cursor: encodeCursor(event.stream, event.seq),
  occurredAt: event.createdAt,
  ...mapping.map(event.payload as never),
});
