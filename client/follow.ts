/*
 * Follows a stream of Team Board without missing an event, whatever happens to the connection.
 *
 * This file needs nothing but a GraphQL client, and no other file: copy it, or import it. It works with graphql-ws, Apollo
 * Client 4 and urql. Let none of them retry by itself: it would begin again where you began, and not where you are.
 */

/** What every event has. Select both fields in your subscription: `__typename` also tells events apart. */
export interface StreamEvent {
  readonly __typename?: string;
  readonly cursor: string;
}

export interface FollowOptions<Event extends StreamEvent> {
  /** The cursor to begin after: of the last event, or of the project, channel or run that you show. Without it: from now. */
  after?: string | null;
  /**
   * Called for each event, once and in order. On `StreamCaughtUp` you are live; on `StreamReset` read the state anew.
   * `errors` are of fields of the event that could not be read and are null.
   */
  onEvent(event: Event, errors: readonly unknown[]): void;
  /** Called once at the end, unless you stop: without an error when the stream is over, as when a run has ended. */
  onEnd?(error?: unknown): void;
  /** Called when the connection is lost and will be tried again in `waitMs`: show it, if it lasts. */
  onRetry?(error: unknown, waitMs: number): void;
  /** How long to wait before a try, in milliseconds; `tries` counts from 1 since the last event. */
  waitMs?(tries: number): number;
}

/** One subscription, however it is sent. Returns what ends it. */
export type Source<Event> = (after: string | null, sink: Sink<Event>) => () => void;

/** What a source tells. After `fail` and `end` it tells nothing more. */
export interface Sink<Event> {
  event(event: Event, errors: readonly unknown[]): void;
  fail(error: unknown): void;
  end(): void;
}

/** Begins 0.5 to 1 s after the first failure, and asks every 15 to 30 s in the end. */
const waitWithJitter = (tries: number): number =>
  Math.min(30_000, 1_000 * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);

/** A token that is refused so often, and was asked for anew each time, is not going to be accepted. */
const SIGN_INS_MAX = 3;

/**
 * Follows a source until the stream is over, until it cannot go on (see `isFinal`), or until the returned function is
 * called. Each try begins after the last event.
 */
export function follow<Event extends StreamEvent>(
  source: Source<Event>,
  options: FollowOptions<Event>,
): () => void {
  const waitMs = options.waitMs ?? waitWithJitter;
  let after = options.after ?? null;
  let [tries, refusals] = [0, 0];
  let stop: () => void = () => undefined;

  function start(): void {
    let isOver = false;
    let unsubscribe: (() => void) | undefined;
    /** Ends this try. Returns false when it had ended: clients tell some ends twice. */
    const leave = () => {
      const isFirst = !isOver;
      isOver = true;
      unsubscribe?.();
      return isFirst;
    };
    stop = leave;
    unsubscribe = source(after, {
      event(event, errors) {
        if (isOver) return;
        after = event.cursor;
        tries = refusals = 0;
        options.onEvent(event, errors);
      },
      fail(error) {
        if (!leave()) return;
        if (isSignInError(error)) refusals++;
        if (isFinal(error) || refusals >= SIGN_INS_MAX) return options.onEnd?.(error);
        const ms = waitMs(++tries);
        const timer = setTimeout(start, ms);
        stop = () => clearTimeout(timer);
        options.onRetry?.(error, ms);
      },
      end() {
        if (leave()) options.onEnd?.();
      },
    });
    if (isOver) unsubscribe(); // it ended before it was known how to end it
  }

  start();
  return () => stop();
}

/** What another try would not change. See docs/errors.md; a code that is not known may be transient. */
const FINAL_CODES =
  /^(NOT_FOUND|FORBIDDEN|INVALID(_.*)?|BAD_USER_INPUT|BAD_REQUEST|LIMIT_EXCEEDED|GRAPHQL_.*|PERSISTED_QUERY_.*)$/;
/** Faults of the client: a message that the protocol does not know, and a protocol that the server does not know. */
const FINAL_CLOSES: readonly number[] = [4400, 4406];

/** Whether to follow again would fail again, because of what is asked for or who asks. */
export const isFinal = (error: unknown): boolean => {
  const codes = codesOf(error);
  if (codes.length > 0) return codes.some((code) => FINAL_CODES.test(code));
  return FINAL_CLOSES.includes(closeCodeOf(error) ?? 0);
};

const isSignInError = (error: unknown): boolean =>
  codesOf(error).includes('UNAUTHENTICATED') || closeCodeOf(error) === 4403;

/** The parts of the errors of all three clients. */
interface AnyError {
  readonly errors?: unknown; // Apollo Client
  readonly graphQLErrors?: unknown; // urql
  readonly networkError?: unknown; // urql
  readonly extensions?: { readonly code?: unknown } | undefined;
  readonly code?: unknown; // a CloseEvent
  readonly message?: unknown;
}

function codesOf(error: unknown): string[] {
  if (Array.isArray(error)) return error.flatMap(codesOf);
  const { errors, graphQLErrors, extensions } = (error ?? {}) as AnyError;
  const inner = [errors, graphQLErrors].filter(Array.isArray).flatMap(codesOf);
  return typeof extensions?.code === 'string' ? [extensions.code, ...inner] : inner;
}

/** The code with which a WebSocket was closed. Apollo Client tells it in the message only. */
function closeCodeOf(error: unknown): number | undefined {
  const { code, networkError, message } = (error ?? {}) as AnyError;
  if (typeof code === 'number') return code;
  if (networkError) return closeCodeOf(networkError);
  const [, told] = /^Socket closed with event (\d{4})/.exec(String(message ?? '')) ?? [];
  return told ? Number(told) : undefined;
}

/** The event of a subscription's only field. */
type EventOf<Data> = Extract<NonNullable<Data[Exclude<keyof Data, '__typename'>]>, StreamEvent>;

const eventOf = <Event>(data: unknown): Event | undefined =>
  Object.entries(data ?? {}).find(([name, value]) => name !== '__typename' && value)?.[1] as
    | Event
    | undefined;

/** A typed document of GraphQL Code Generator, with the types of its data and variables. */
interface Document {
  readonly kind: 'Document';
  readonly __apiType?: unknown;
}
type TypeOf<Doc extends Document> = NonNullable<Doc['__apiType']>;
type DataOf<Doc extends Document> = TypeOf<Doc> extends (variables: never) => infer Data ? Data : never;
type VariablesOf<Doc extends Document> =
  TypeOf<Doc> extends (variables: infer Variables) => unknown ? Omit<Variables, 'after'> : never;

/** The part of a `Client` of graphql-ws that is used. Create it with `retryAttempts: 0`. */
interface GraphqlWsClient {
  subscribe(
    payload: { query: string; variables: Record<string, unknown> },
    sink: {
      next(result: { data?: unknown; errors?: readonly unknown[] | undefined }): void;
      error(error: unknown): void;
      complete(): void;
    },
  ): () => void;
}

/** A subscription over graphql-ws. `query` takes the variable `$after: EventCursor`. */
export const overGraphqlWs =
  <Event extends StreamEvent = StreamEvent>(
    client: GraphqlWsClient,
    query: string,
    variables: Record<string, unknown>,
  ): Source<Event> =>
  (after, sink) =>
    client.subscribe(
      { query, variables: { ...variables, after } },
      {
        next({ data, errors = [] }) {
          const event = eventOf<Event>(data);
          if (event) sink.event(event, errors);
          else sink.fail(errors);
        },
        error: (error) => sink.fail(error),
        complete: () => sink.end(),
      },
    );

/** The part of an `ApolloClient` that is used. */
interface ApolloClient {
  subscribe(options: never): {
    subscribe(observer: {
      next(result: { data?: unknown; error?: unknown }): void;
      error(error: unknown): void;
      complete(): void;
    }): { unsubscribe(): void };
  };
}

/** A subscription of Apollo Client 4 over its `GraphQLWsLink`. Events are written to its cache. */
export const overApollo =
  <Doc extends Document>(
    client: ApolloClient,
    query: Doc,
    variables: VariablesOf<Doc>,
  ): Source<EventOf<DataOf<Doc>>> =>
  (after, sink) => {
    // Without `all` an event is dropped as a whole when one of its fields could not be read.
    const options = { query, variables: { ...variables, after }, errorPolicy: 'all' };
    const subscription = client.subscribe(options as never).subscribe({
      next({ data, error }) {
        const event = eventOf<EventOf<DataOf<Doc>>>(data);
        if (event) sink.event(event, error ? [error] : []);
        else if (error) sink.fail(error); // Apollo Client 4 tells errors here, and completes then
      },
      error: (error) => sink.fail(error),
      complete: () => sink.end(),
    });
    return () => subscription.unsubscribe();
  };

/** The part of an urql `Client` that is used, with the protocol of its sources (wonka). */
interface UrqlClient {
  subscription(query: never, variables: never): (sink: (signal: unknown) => void) => void;
}
interface UrqlResult {
  readonly data?: unknown;
  readonly error?: unknown;
}
type Talkback = (signal: 0 | 1) => void;
const [PULL, CLOSE] = [0, 1] as const;

/** A subscription of urql over its `subscriptionExchange`. */
export const overUrql =
  <Doc extends Document>(
    client: UrqlClient,
    query: Doc,
    variables: VariablesOf<Doc>,
  ): Source<EventOf<DataOf<Doc>>> =>
  (after, sink) => {
    let talkback: Talkback | undefined;
    let last: EventOf<DataOf<Doc>> | undefined;
    const take = ({ data, error }: UrqlResult) => {
      const event = eventOf<EventOf<DataOf<Doc>>>(data);
      // With an error urql tells the event before it once more.
      const isRepeated = event?.cursor === last?.cursor && event?.__typename === last?.__typename;
      if (error && (!event || isRepeated)) return sink.fail(error);
      last = event;
      if (event) sink.event(event, error ? [error] : []);
    };
    client.subscription(
      query as never,
      { ...variables, after } as never,
    )((signal) => {
      if (signal === 0) return sink.end();
      const { tag, 0: value } = signal as { tag: 0 | 1; 0: unknown };
      if (tag === 0) talkback = value as Talkback;
      else take(value as UrqlResult);
      talkback?.(PULL);
    });
    return () => talkback?.(CLOSE);
  };
