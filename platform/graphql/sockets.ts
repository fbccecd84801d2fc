import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { hasMoreValues } from '../input/json-size.ts';
import type { Logger } from '../process/log.ts';
import { type HttpFailure, rawFailure } from './http-error.ts';
import { type Connection, type Conversation, converse, type ProtocolHooks } from './socket-protocol.ts';
import { createUnreadLedger, type UnreadBounds, type UnreadLedger } from './unread.ts';

export interface GraphqlSocketsOptions<Session> {
  app: FastifyInstance;
  /** Creates the hooks of one socket. */
  hooks: (socket: SocketControl) => ProtocolHooks<Session>;
  /** The largest message that a peer may send. */
  messageBytesMax: number;
  /** The most values that a message may hold; see `hasMoreValues`. */
  messageValuesMax?: number;
  unread: UnreadBounds;
  /** How long a peer may take to send `connection_init`. */
  initWaitMs: number;
  /** Returns why a socket may not be opened, or null. `open` is the number of sockets that are open already. */
  refuse?: (request: IncomingMessage, open: number) => HttpFailure | null;
  /** The time between two pings. A peer that has not answered a ping by the next one is disconnected. */
  pingMs?: number;
  log: Logger;
}

export interface SocketControl {
  /** Closes the socket. Nothing that arrives afterwards is taken, and no operation goes on. */
  close(code: number, reason: string): void;
  /** The network address of the peer. */
  readonly address: string;
  /** The unread bytes of the socket are counted for this owner from now on. */
  belongsTo(owner: string): void;
  /** Counts bytes that wait for the peer elsewhere as unread too; a negative number takes them back. */
  holds(bytes: number): void;
}

export interface GraphqlSockets {
  /** The number of open sockets. */
  count(): number;
  /** The bytes that the peers have not read. */
  unreadBytes(): number;
  /** Closes all sockets with 1012, and terminates those that do not confirm it. */
  close(): Promise<void>;
}

const PING_MS = 12_000;
/**
 * How long a peer may take to confirm that its socket closes, whoever closes it and why. Then ws cuts the connection.
 * Spread into its options, because their types do not have it.
 */
const CLOSING = { closeTimeout: 1_000 } as const;
const SERVICE_RESTART = 1012;
const TOO_MANY_VALUES = 'Too many values in a message';
/** The longest reason of a closing frame. ws throws for a longer one. */
const REASON_BYTES_MAX = 123;

/** Serves graphql-transport-ws at /graphql. */
export function serveGraphqlSockets<Session>(options: GraphqlSocketsOptions<Session>): GraphqlSockets {
  const sockets = new WebSocketServer({
    server: options.app.server,
    path: '/graphql',
    perMessageDeflate: false,
    maxPayload: options.messageBytesMax,
    handleProtocols: (protocols) => handleProtocols(protocols),
    ...CLOSING,
    verifyClient: ({ req }, answer) => {
      const failure = options.refuse?.(req, open.size);
      if (!failure) return answer(true);
      const { body, headers } = rawFailure(failure, req);
      return answer(false, failure.status, body, headers);
    },
  });
  const ledger = createUnreadLedger(options.unread);
  const open = new Set<SocketControl>();
  sockets.on('error', () => undefined); // errors of the HTTP server, such as a taken port, which it reports itself
  sockets.on('connection', (socket: WebSocket, { socket: { remoteAddress = '' } }: IncomingMessage) => {
    const control = serveSocket(options, ledger, socket, remoteAddress);
    open.add(control);
    socket.once('close', () => open.delete(control));
  });
  return {
    count: () => open.size,
    unreadBytes: () => ledger.bytes,
    async close() {
      for (const control of open) control.close(SERVICE_RESTART, 'Service restart');
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}

function serveSocket<Session>(
  options: GraphqlSocketsOptions<Session>,
  ledger: UnreadLedger,
  socket: WebSocket,
  address: string,
): SocketControl {
  const { hooks, initWaitMs, pingMs = PING_MS, log } = options;
  let owner: string | undefined;
  let held = 0;
  const account = ledger.open(
    {
      unreadBytes: () => socket.bufferedAmount + held,
      terminate: () => socket.terminate(),
    },
    () => owner,
  );
  // Every closing goes through here; ws itself closes the socket of a peer that breaks the WebSocket protocol.
  const close = (code: number, reason: string) => {
    if (socket.readyState === socket.OPEN) socket.close(code, cutReason(reason));
    conversation.end();
  };
  const connection: Connection = {
    close,
    send: (message) =>
      new Promise((resolve) => {
        if (socket.readyState !== socket.OPEN) return resolve();
        socket.send(message, () => {
          account.update();
          resolve();
        });
        account.update();
      }),
  };
  const control: SocketControl = {
    close,
    address,
    belongsTo(person) {
      owner = person;
      account.update();
    },
    holds(bytes) {
      held += bytes;
      account.update();
    },
  };
  const conversation: Conversation = converse(connection, hooks(control));
  const stopTimers = [keepAlive(socket, pingMs), awaitInit(conversation, close, initWaitMs)];
  socket.on('message', (data) => void receive(options, socket, conversation, close, String(data)));
  socket.on('error', (err) => {
    log.info({ err }, 'socket.failed');
    conversation.end();
  });
  socket.once('close', () => {
    for (const stop of stopTimers) stop();
    account.close();
    conversation.end();
  });
  if (socket.protocol === '') close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
  return control;
}

async function receive(
  {
    messageValuesMax = Number.POSITIVE_INFINITY,
    log,
  }: Pick<GraphqlSocketsOptions<never>, 'messageValuesMax' | 'log'>,
  socket: WebSocket,
  conversation: Conversation,
  close: SocketControl['close'],
  message: string,
): Promise<void> {
  if (socket.readyState !== socket.OPEN) return; // a peer may go on sending after our closing frame
  if (hasMoreValues(message, messageValuesMax)) return close(CloseCode.BadRequest, TOO_MANY_VALUES);
  try {
    await conversation.take(message);
  } catch (err) {
    log.error({ err }, 'socket.fault');
    close(CloseCode.InternalServerError, 'Internal error');
  }
}

function awaitInit(conversation: Conversation, close: SocketControl['close'], ms: number): () => void {
  const timer = setTimeout(() => {
    if (!conversation.isInitialised)
      close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
  }, ms);
  return () => clearTimeout(timer);
}

/** A pong counts only with the content of the ping, which a peer that reads nothing cannot know. */
function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let awaited: string | null = null;
  socket.on('pong', (content) => {
    if (content.toString() === awaited) awaited = null;
  });
  const timer = setInterval(() => {
    if (awaited !== null || socket.readyState !== socket.OPEN) return socket.terminate();
    awaited = randomBytes(8).toString('hex');
    socket.ping(awaited);
  }, pingMs);
  return () => clearInterval(timer);
}

const cutReason = (reason: string): string => {
  const bytes = Buffer.from(reason);
  if (bytes.length <= REASON_BYTES_MAX) return reason;
  return new TextDecoder().decode(bytes.subarray(0, REASON_BYTES_MAX - 3)).replaceAll('\uFFFD', '');
};
