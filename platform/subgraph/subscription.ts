import type { EventDefinition } from '../../schema/events/event.ts';
import { decodeCursor, encodeCursor } from '../event-log/cursor.ts';
import { type LoggedEvent, readEvents } from '../event-log/event-log.ts';
import { createRequestContext, type RequestContext } from './request.ts';

/** What every event of a subscription has, as GraphQL resolves it. */
export interface StreamEventRoot {
  __typename: string;
  cursor: string;
  occurredAt: Date;
}

/** How an event of the log becomes one of a subscription. */
export interface Mapping<Payload = never> {
  readonly type: string;
  readonly map: (payload: Payload) => { __typename: string } & Record<string, unknown>;
  /** Whether the subscription ends with this event. */
  readonly isLast: (payload: Payload) => boolean;
}

/** Ties the GraphQL type of an event to its definition, the payload typed by it. */
export const show = <Payload>(
  definition: EventDefinition<Payload>,
  map: (payload: Payload) => { __typename: string } & Record<string, unknown>,
  isLast: (payload: Payload) => boolean = () => false,
): Mapping<Payload> => ({ type: definition.type, map, isLast });

export interface FollowOptions {
  ctx: RequestContext;
  stream: string;
  after: string | null | undefined;
  /** Only events about this object; absent: about any. */
  subject?: string;
  mappings: readonly Mapping[];
  /** The event by which rights in this stream change. */
  rightsChange: EventDefinition;
  /** Rights change in another stream, and this one hears of it a little later: they are checked for every event too. */
  checksEveryEvent?: boolean;
  /** Throws when the viewer may not see this stream (any more). Gets a context that remembers no earlier answer. */
  authorise: (ctx: RequestContext) => Promise<unknown>;
  /** The stream has had its last event: it ends as soon as it has caught up. */
  isOver?: boolean;
}

/**
 * Makes a field of `Subscription` that follows a stream: authorise, replay after the cursor, then live.
 *
 * Rights are checked before the first event, and again whenever the stream says that somebody's rights changed:
 * it says so in the order of the commits, so whoever was removed gets nothing that was committed afterwards.
 * With `checksEveryEvent` they are checked before every event, after the event was read, which promises the same.
 */
export const follows = <Args, Context extends RequestContext>(
  plan: (args: Args, ctx: Context) => FollowOptions | Promise<FollowOptions>,
) => ({
  subscribe: async (_root: unknown, args: Args, ctx: Context) => followEvents(await plan(args, ctx)) as never,
  resolve: (event: unknown) => event as never,
});

async function followEvents(options: FollowOptions): Promise<AsyncIterableIterator<StreamEventRoot>> {
  const after = options.after == null ? null : decodeCursor(options.stream, options.after);
  await options.authorise(options.ctx);
  const abort = new AbortController();
  const events = translate(options, after, abort.signal);
  const iterator: AsyncIterableIterator<StreamEventRoot> = {
    next: () => events.next(),
    // A generator's own return() waits for the event it sleeps on; the signal wakes it.
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
  options: FollowOptions,
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
 * Whether there are events of this subscription after a position. The hub may not have read the last one yet, although
 * the rows that came with it say that the stream is over.
 */
async function hasMore({ ctx, stream, subject, mappings }: FollowOptions, seq: number): Promise<boolean> {
  const filter = { types: mappings.map(({ type }) => type), subject };
  return (await readEvents(ctx.subgraph.orm.em.fork(), stream, seq, 1, filter)).length > 0;
}

const eventRoot = (event: LoggedEvent, mapping: Mapping): StreamEventRoot => ({
  cursor: encodeCursor(event.stream, event.seq),
  occurredAt: event.createdAt,
  ...mapping.map(event.payload as never),
});
