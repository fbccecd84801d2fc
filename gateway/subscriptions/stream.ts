import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Viewer } from '../../platform/identity/statement.ts';
import { unavailable } from '../public-error.ts';
import type { StreamShape } from './stream-shape.ts';
import type { Upstream } from './upstream.ts';

/** A subgraph's stream that outlives the socket it comes over. */
export interface Stream {
  /** Stops the events until `resume`, without losing any. */
  pause(): void;
  resume(): void;
  /** What tells a newcomer where the stream is; null while it has not caught up, as the subgraph will tell it then. */
  greeting(): FormattedExecutionResult | null;
  close(): void;
}

export interface StreamOptions {
  subgraph: string;
  upstream: Upstream;
  shape: StreamShape;
  variables: Record<string, unknown>;
  viewer: Viewer;
  /** How long the subgraph may take to begin the stream. */
  startMs: number;
  /** How long to try to go on after a loss. */
  resumeMs: number;
  onEvent: (event: FormattedExecutionResult) => void;
  /** Called once, unless the stream is closed before. */
  onEnd: (errors?: readonly GraphQLFormattedError[]) => void;
}

const RETRY_MS = { first: 100, most: 5_000 };

/** Jittered, so that a thousand streams do not fall upon a subgraph that has just come back. */
const retryDelayMs = (attempt: number) =>
  Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** attempt) * (0.5 + Math.random() / 2);

/**
 * Follows a subgraph's stream and, when the socket is lost, goes on after the last event: no event is missed, none comes
 * twice, and the subgraph's "caught up" after such a loss is kept from the clients, for whom nothing happened.
 * Ends with UNAVAILABLE when the subgraph does not come back in time.
 */
export function openStream(options: StreamOptions): Stream {
  const { subgraph, shape, upstream } = options;
  let leave: () => void = () => undefined;
  let position: string | null = null;
  let caughtUp: FormattedExecutionResult | null = null;
  let isClosed = false;
  let isPaused = false;
  let lostAt: number | null = Date.now();
  let attempts = 0;
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
    leave = upstream.follow(
      { ...currentRequest(options, position), viewer: options.viewer },
      {
        next,
        lost,
        end: (errors) =>
          isRefusedStatement(errors) ? lost() : finish(errors?.map((error) => sayWhere(error, subgraph))),
      },
    );
  };

  const next = (event: FormattedExecutionResult) => {
    lostAt = null;
    attempts = 0;
    const place = shape.positionOf(event);
    if (place) {
      position = place.cursor;
      if (place.typename === 'StreamReset') caughtUp = null;
      if (place.typename === 'StreamCaughtUp') {
        if (caughtUp) return; // the end of a replay that only the gateway asked for
        caughtUp = event;
      }
    }
    options.onEvent(event);
  };

  const lost = () => {
    if (isClosed) return;
    lostAt ??= Date.now();
    const patienceMs = position === null ? options.startMs : options.resumeMs;
    if (Date.now() - lostAt >= patienceMs) {
      finish([unavailable(subgraph, 'cannot be reached').toJSON()]);
      return;
    }
    retry = setTimeout(begin, retryDelayMs(attempts));
    attempts += 1;
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
    greeting: () => (caughtUp && position ? shape.moved(caughtUp, position, new Date()) : null),
  };
}

function currentRequest({ shape, variables }: StreamOptions, position: string | null) {
  if (position === null) return { query: shape.query, variables };
  return { query: shape.resume.query, variables: { ...variables, [shape.resume.variable]: position } };
}

/** Locations are those of the document that the gateway sent, which the client does not know. */
const sayWhere = ({ message, path, extensions }: GraphQLFormattedError, subgraph: string) => ({
  message,
  ...(path && { path }),
  extensions: { ...extensions, serviceName: subgraph },
});

/** The statement expired on its way, through a stall of either process: a fresh one will do. */
const isRefusedStatement = (errors: readonly GraphQLFormattedError[] | undefined) =>
  errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
