import type { IncomingMessage } from 'node:http';
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../process/log.ts';

/** The data of one socket while it is open. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

export interface GraphqlSocketsOptions {
  sockets: WebSocketServer;
  log: Logger;
  /** The time between two pings. A peer that has not answered a ping by the next one is disconnected. */
  pingMs?: number;
}

const PING_MS = 12_000;
/** The limit of unread answers, after which the socket is terminated. */
const UNREAD_BYTES_MAX = 67_108_864;
/** How long a peer may take at shutdown to confirm that its socket closes. */
const CLOSE_WAIT_MS = 2_000;
const CLOSE = { serviceRestart: 1012, badRequest: 4400 } as const;

/**
 * Serves the protocol of graphql-ws on the sockets of a server. `close` closes them with 1012, then terminates them.
 *
 * This replaces `graphql-ws/use/ws`, which writes to the console when a peer disconnects during a message or sends a
 * message that only a server sends. Here both go to the log.
 */
export function serveGraphqlSockets<Extra extends SocketExtra>(
  options: ServerOptions<Record<string, unknown>, Extra>,
  { sockets, log, pingMs = PING_MS }: GraphqlSocketsOptions,
): { close(): Promise<void> } {
  const server = makeServer(options);
  sockets.options.handleProtocols = handleProtocols;
  sockets.on('error', () => undefined); // errors of the HTTP server, such as a taken port, which it reports itself
  sockets.on('connection', (socket, request) => {
    socket.on('error', (err) => log.info({ err }, 'socket.failed'));
    const stopPings = keepAlive(socket, pingMs);
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (message) => send(socket, message),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) => socket.on('message', (data) => void receive(socket, take, String(data), log)),
      },
      { socket, request } as Extra,
    );
    socket.once('close', (code, reason) => {
      stopPings();
      closed(code, String(reason)).catch((err: unknown) => log.error({ err }, 'socket.not-cleaned-up'));
    });
  });
  return {
    async close() {
      for (const socket of sockets.clients) socket.close(CLOSE.serviceRestart, 'Service restart');
      const impatience = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, CLOSE_WAIT_MS);
      await new Promise((resolve) => sockets.close(resolve));
      clearTimeout(impatience);
    },
  };
}

/** Resolves once the message has been written to the network, which slows a writer down to the pace of its peer. */
const send = (socket: WebSocket, message: string): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readyState === socket.OPEN) socket.send(message, () => resolve());
    else resolve();
  });

async function receive(
  socket: WebSocket,
  take: (message: string) => Promise<void>,
  message: string,
  log: Logger,
): Promise<void> {
  if (socket.bufferedAmount > UNREAD_BYTES_MAX) return socket.terminate();
  try {
    await take(message);
  } catch (err) {
    log.info({ err }, 'socket.bad-message');
    socket.close(CLOSE.badRequest, 'This message is not for a server');
  }
}

function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let isAnswered = true;
  socket.on('pong', () => {
    isAnswered = true;
  });
  const timer = setInterval(() => {
    if (!isAnswered) return socket.terminate();
    isAnswered = false;
    socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}
