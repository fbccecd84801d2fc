import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { type ClientOptions, WebSocket } from 'ws';
import type { SubscriptionExtensions } from '../../platform/graphql/subscription-server.ts';
import { person, type RequestActor } from '../../platform/identity/actor.ts';
import {
  CONNECTION_BODY,
  type SigningKey,
  signStatement,
  subscriptionBody,
} from '../../platform/identity/statement.ts';
import type { Logger } from '../../platform/process/log.ts';

/** The gateway's socket to a subgraph, which carries all streams that it follows there. */
export interface Upstream {
  /** Opens a stream. Returns the function that leaves it. The sink is not called after that, nor after an end. */
  follow(request: StreamRequest, sink: StreamSink): () => void;
  close(): Promise<void>;
}

export interface StreamRequest {
  query: string;
  variables: Record<string, unknown>;
  actor: RequestActor;
  /** The id under which the subgraph logs the stream. */
  requestId: string;
}

/** Gets events, then one call of `lost` or `end`. */
export interface StreamSink {
  next(event: FormattedExecutionResult): void;
  /** The socket was lost or could not be opened. Another attempt may succeed. */
  lost(): void;
  /** The subgraph ended the stream, with errors if it did not end normally. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface UpstreamOptions {
  subgraph: string;
  /** The address of the subgraph over http or https. */
  url: string;
  key: SigningKey;
  /** How long the connection and the answer to a ping may take. */
  timeoutMs: number;
  /** The time between pings. */
  pingMs: number;
  eventBytesMax: number;
  log: Logger;
}

/** The actor of the connection itself, which carries the streams of all actors. */
const GATEWAY = person({
  id: '00000000-0000-7000-8000-000000000000',
  displayName: 'Gateway',
  avatarUrl: null,
});

const NORMAL_CLOSURE = 1000;

/** How long an idle socket is kept, so that the reconnect of a client does not need a new one. */
const IDLE_MS = 5_000;

/**
 * Connects to a subgraph's streams over one graphql-ws socket, which opens at the first stream.
 *
 * The retry of graphql-ws is not used: it would repeat the message with a statement that has expired, and with the first
 * position. Instead each sink is told of the loss.
 */
export function connectUpstream(options: UpstreamOptions): Upstream {
  const { subgraph, key } = options;
  const streams = new Set<() => void>();
  const loseAll = () => {
    for (const lose of [...streams]) lose();
  };
  const closing = new AbortController();
  const client = openClient(options, loseAll, closing.signal);

  return {
    follow({ query, variables, actor, requestId }, sink) {
      let isOver = false;
      let leave: () => void = () => undefined;
      const finish = (tell: () => void) => {
        if (isOver) return;
        isOver = true;
        streams.delete(lose);
        leave();
        tell();
      };
      const lose = () => finish(() => sink.lost());
      streams.add(lose);
      void signStatement(key, subgraph, actor, subscriptionBody(query, variables)).then((statement) => {
        if (isOver) return;
        const extensions: SubscriptionExtensions = { statement, requestId };
        leave = client.subscribe(
          { query, variables, extensions },
          {
            next: (event) => {
              if (!isOver) sink.next(event as FormattedExecutionResult);
            },
            // Anything but a list of GraphQL errors means that the socket has closed.
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

/** Creates the client of the socket. After `closing` is aborted, the end of the socket is not reported as a loss. */
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
    connectionParams: async () => ({
      statement: await signStatement(key, subgraph, GATEWAY, CONNECTION_BODY),
    }),
    connectionAckWaitTimeout: timeoutMs,
    lazyCloseTimeout: IDLE_MS,
    keepAlive: pingMs,
    retryAttempts: 0,
    on: {
      // Without a deadline a hanging subgraph or a network that drops packets would look like a quiet stream.
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
        // Logged once per loss: every stream that reconnects gets the same failure.
        if (code !== NORMAL_CLOSURE && !isLost && !closing.aborted)
          log.warn({ subgraph, code, reason }, 'upstream.lost');
        isLost ||= code !== NORMAL_CLOSURE;
        onLoss();
      },
    },
  });
  return client;
}
