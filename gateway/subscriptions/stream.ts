import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { backoffMs } from '../../platform/process/backoff.ts';
import { unavailable } from '../public-error.ts';
import type { StreamShape } from './stream-shape.ts';
import type { StreamRequest, Upstream } from './upstream.ts';

/** A stream of a subgraph that survives the loss of its socket. */
export interface Stream {
  /** Stops the events until `resume`, without losing any. */
  pause(): void;
  resume(): void;
  /** The position of the last event; null before the stream has caught up. */
  livePosition(): string | null;
  /** Returns a `StreamCaughtUp` at the present position; null before the subgraph has sent one itself. */
  greeting(): FormattedExecutionResult | null;
  close(): void;
}

/** `isReplay`: events of the past come before the live ones. */
export type EnterStream = (isReplay: boolean, signal: AbortSignal) => Promise<() => void>;

export interface StreamOptions extends Pick<StreamRequest, 'actor' | 'requestId'> {
  subgraph: string;
  upstream: Upstream;
  shape: StreamShape;
  variables: Record<string, unknown>;
  /** Waits for the turn to begin or to resume. The place is given back when the stream has caught up. */
  enter: EnterStream;
  /** Whether the stream begins with events of the past. */
  isReplay: boolean;
  /** How long the subgraph may take to begin the stream, from its turn on. */
  startMs: number;
  /** How long to try to resume after a loss. */
  resumeMs: number;
  onEvent: (event: FormattedExecutionResult) => void;
  /** Called once when the stream ends by itself, not after `close`. */
  onEnd: (errors?: readonly GraphQLFormattedError[]) => void;
}

/** With jitter, so that a thousand streams do not reconnect at once to a subgraph that has restarted. */
const RETRY = { firstMs: 100, lastMs: 5_000, jitter: 0.5 };

/**
 * Follows a subgraph's stream. After the loss of the socket it resumes after the last event, so that no event is missed
 * or repeated. The `StreamCaughtUp` of a resumed stream is not forwarded: for the client the stream was never interrupted.
 *
 * Ends with UNAVAILABLE when the subgraph does not come back in time.
 */
export function openStream(options: StreamOptions): Stream {
  const { subgraph, shape, upstream } = options;
  let leave: () => void = () => undefined;
  let leavePlace: () => void = () => undefined;
  let position: string | null = null;
  let caughtUp: FormattedExecutionResult | null = null;
  let isClosed = false;
  let isPaused = false;
  let isReplaying = options.isReplay;
  let lostAt: number | null = null;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  const close = () => {
    isClosed = true;
    clearTimeout(retry);
    leave();
  };
  const finish = (errors?: readonly GraphQLFormattedError[]) => {
    if (isClosed) return;
    close();
    options.onEnd(errors);
  };

  const begin = () => {
    isReplaying ||= position !== null;
    const leaving = new AbortController();
    leave = () => leaving.abort();
    options.enter(isReplaying, leaving.signal).then(
      (giveBack) => {
        if (leaving.signal.aborted) return giveBack();
        leavePlace = giveBack;
        follow();
      },
      () => undefined, // it was left, or closed, before its turn
    );
  };

  const follow = () => {
    lostAt ??= Date.now();
    const unfollow = upstream.follow(currentRequest(options, position), {
      next,
      lost,
      end: (errors) =>
        mayPass(errors) ? lost() : finish(errors?.map((error) => withServiceName(error, subgraph))),
    });
    leave = () => {
      unfollow();
      leavePlace();
    };
  };

  const next = (event: FormattedExecutionResult) => {
    if (event.data == null && mayPass(event.errors)) {
      leave();
      lost();
      return;
    }
    lostAt = null;
    failures = 0;
    const place = shape.positionOf(event);
    if (place) {
      position = place.cursor;
      if (place.typename === 'StreamReset') caughtUp = null;
      if (place.typename === 'StreamCaughtUp') {
        isReplaying = false;
        leavePlace();
        if (caughtUp) return; // ends a replay that only the gateway asked for
        caughtUp = event;
      }
    }
    options.onEvent(event);
  };

  const lost = () => {
    leavePlace();
    if (isClosed) return;
    lostAt ??= Date.now();
    const patienceMs = position === null ? options.startMs : options.resumeMs;
    if (Date.now() - lostAt >= patienceMs) {
      finish([unavailable(subgraph, 'cannot be reached').toJSON()]);
      return;
    }
    failures += 1;
    retry = setTimeout(begin, backoffMs(failures, RETRY));
  };

  begin();
  return {
    close,
    pause() {
      isPaused = true;
      clearTimeout(retry);
      leave();
    },
    resume() {
      if (!isPaused || isClosed) return;
      isPaused = false;
      begin();
    },
    livePosition: () => (caughtUp && !isReplaying ? position : null),
    greeting: () => (caughtUp && position ? shape.moved(caughtUp, position, new Date()) : null),
  };
}

function currentRequest(
  { shape, variables, actor, requestId }: StreamOptions,
  position: string | null,
): StreamRequest {
  if (position === null) return { query: shape.query, variables, actor, requestId };
  const { query, variable } = shape.resume;
  return { query, variables: { ...variables, [variable]: position }, actor, requestId };
}

/** Names the subgraph, and drops the locations: they belong to the gateway's document, which the client does not know. */
const withServiceName = ({ message, path, extensions }: GraphQLFormattedError, subgraph: string) => ({
  message,
  ...(path && { path }),
  extensions: { ...extensions, serviceName: subgraph },
});

/**
 * Whether another attempt may succeed: the statement expired on its way, because a process stalled, or the subgraph has too
 * much work to read the next event.
 */
const mayPass = (errors: readonly GraphQLFormattedError[] | undefined) =>
  errors?.some(({ extensions }) => PASSING_CODES.has(String(extensions?.['code'])));
const PASSING_CODES: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'UNAVAILABLE']);
