import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { type ClientOptions, WebSocket } from 'ws';
import { CONNECTION_BODY, subscriptionBody } from '../../platform/graphql/subscription-server.ts';
import { type SigningKey, signViewer, type Viewer } from '../../platform/identity/statement.ts';
import type { Logger } from '../../platform/process/log.ts';

/** The gateway's socket to a subgraph, which carries all the streams it follows there. */
export interface Upstream {
  /** Opens a stream; the function it returns leaves it at once. After that, and after an end, the sink hears nothing. */
  follow(request: StreamRequest, sink: StreamSink): () => void;
  close(): Promise<void>;
}

export interface StreamRequest {
  query: string;
  variables: Record<string, unknown>;
  viewer: Viewer;
}

/** Hears events, and then one of `lost` and `end`. */
export interface StreamSink {
  next(event: FormattedExecutionResult): void;
  /** The socket was lost, or there was none to be had: whoever follows may try again. */
  lost(): void;
  /** The subgraph says that there is no more, with errors if that is not the stream's own end. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface UpstreamOptions {
  subgraph: string;
  /** The address of the subgraph over http or https. */
  url: string;
  key: SigningKey;
  /** How long connecting, and an answer to a ping, may take. */
  timeoutMs: number;
  /** The time between pings. */
  pingMs: number;
  eventBytesMax: number;
  log: Logger;
}

/** Signs for the connection itself, which serves all viewers. */
const GATEWAY: Viewer = {
  id: '00000000-0000-7000-8000-000000000000',
  displayName: 'Gateway',
  avatarUrl: null,
};

const NORMAL_CLOSURE = 1000;

/** An idle socket is kept this long, so that one client's reconnect does not cost a socket. */
const IDLE_MS = 5_000;

/**
 * Follows a subgraph's streams over one graphql-ws socket, opened when it is first needed.
 *
 * graphql-ws's own retry is not used: it would send the same message again, whose statement has expired by then and
 * which asks for the events from the beginning. Each follower hears of the loss and asks anew.
 */
export function connectUpstream(options: UpstreamOptions): Upstream {
  const { subgraph, key } = options;
  const losers = new Set<() => void>();
  const loseAll = () => {
    for (const lose of [...losers]) lose();
  };
  const closing = new AbortController();
  const client = openClient(options, loseAll, closing.signal);

  return {
    follow({ query, variables, viewer }, sink) {
      let isOver = false;
      let leave: () => void = () => undefined;
      const finish = (tell: () => void) => {
        if (isOver) return;
        isOver = true;
        losers.delete(lose);
        leave();
        tell();
      };
      const lose = () => finish(() => sink.lost());
      losers.add(lose);
      void signViewer(key, subgraph, viewer, subscriptionBody(query, variables)).then((statement) => {
        if (isOver) return;
        leave = client.subscribe(
          { query, variables, extensions: { statement } },
          {
            next: (event) => {
              if (!isOver) sink.next(event as FormattedExecutionResult);
            },
            // What is no list of GraphQL errors is the end of the socket.
            error: (error) =>
              finish(() => (Array.isArray(error) ? sink.end(error as GraphQLFormattedError[]) : sink.lost())),
            complete: () => finish(() => sink.end()),
          },
        );
      });
      return () => finish(() => undefined);
    },
    async close() {
      closing.abort();
      await client.dispose();
    },
  };
}

/** Once `closing` is aborted, the end of the socket is no loss. */
function openClient(options: UpstreamOptions, onLoss: () => void, closing: AbortSignal): Client {
  const { url, subgraph, key, timeoutMs, pingMs, eventBytesMax, log } = options;
  const socketOptions = { handshakeTimeout: timeoutMs, maxPayload: eventBytesMax, perMessageDeflate: false };
  class BoundedWebSocket extends WebSocket {
    constructor(address: string, protocols?: string | string[], more?: ClientOptions) {
      super(address, protocols, { ...more, ...socketOptions });
    }
  }
  let pongDeadline: NodeJS.Timeout | undefined;
  let isLost = false;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws').replace(/\/$/, '')}/graphql`,
    webSocketImpl: BoundedWebSocket,
    connectionParams: async () => ({ statement: await signViewer(key, subgraph, GATEWAY, CONNECTION_BODY) }),
    connectionAckWaitTimeout: timeoutMs,
    lazyCloseTimeout: IDLE_MS,
    keepAlive: pingMs,
    retryAttempts: 0,
    on: {
      // Without a deadline a subgraph that hangs, or a network that drops packets, looks like a quiet stream for ever.
      ping: (isReceived) => {
        if (!isReceived) pongDeadline = setTimeout(() => client.terminate(), timeoutMs);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pongDeadline);
      },
      connected: () => {
        if (isLost) log.info({ subgraph }, 'upstream.found');
        isLost = false;
      },
      closed: (event) => {
        clearTimeout(pongDeadline);
        const { code, reason } = event as CloseEvent;
        // Once for each loss: every stream that looks for the subgraph meets the same closed door.
        if (code !== NORMAL_CLOSURE && !isLost && !closing.aborted)
          log.warn({ subgraph, code, reason }, 'upstream.lost');
        isLost ||= code !== NORMAL_CLOSURE;
        onLoss();
      },
    },
  });
  return client;
}
