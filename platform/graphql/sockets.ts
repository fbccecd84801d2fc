import type { IncomingMessage } from 'node:http';
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../process/log.ts';

/** What belongs to one socket, for as long as it is open. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

export interface GraphqlSocketsOptions {
  sockets: WebSocketServer;
  log: Logger;
  /** Time between two pings; a peer that has not answered the last one by the next is gone. */
  pingMs?: number;
}

const PING_MS = 12_000;
/** Answers that a peer asks for and does not read. */
const UNREAD_BYTES_MAX = 67_108_864;
/** How long a peer may take at shutdown to agree that its socket closes. */
const CLOSE_WAIT_MS = 2_000;
const CLOSE = { serviceRestart: 1012, badRequest: 4400 } as const;

/**
 * Speaks graphql-ws on the sockets of a server.
 *
 * In place of `graphql-ws/use/ws`, which writes to the console whenever a peer goes away amid a message, or sends what
 * is not for a server: here a record of the log tells it.
 */
export function serveGraphqlSockets<Extra extends SocketExtra>(
  options: ServerOptions<Record<string, unknown>, Extra>,
  { sockets, log, pingMs = PING_MS }: GraphqlSocketsOptions,
): { close(): Promise<void> } {
  const server = makeServer(options);
  sockets.options.handleProtocols = handleProtocols;
  sockets.on('error', () => undefined); // the HTTP server's own, such as a port that is taken, which it tells itself
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

/** Resolves when the bytes are on their way, which is later the slower a peer reads; a socket that is gone takes them too. */
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
