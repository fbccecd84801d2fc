import { type ClientOptions, WebSocket as Socket } from 'ws';
import { until } from '../../platform/testing/wait.ts';
import { BOARD, type Json } from './world.ts';

export const INIT = { type: 'connection_init' };
export const subscribe = (id: string, query = BOARD) => ({ id, type: 'subscribe', payload: { query } });

/** Opens a socket without a client of graphql-ws, so that a test can break the protocol. */
export function openPlainSocket(
  url: string,
  options: ClientOptions = {},
  protocols: string | string[] = 'graphql-transport-ws',
) {
  const socket = new Socket(`${url.replace('http', 'ws')}/graphql`, protocols, options);
  const messages: Json[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    socket.on('unexpected-response', (_request, { statusCode = 0 }) =>
      resolve({ code: statusCode, reason: '' }),
    );
  });
  socket.on('error', () => undefined);
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const opened = new Promise((resolve) => socket.once('open', resolve));
  return {
    socket,
    messages,
    closed,
    async say(...said: unknown[]) {
      await opened;
      for (const message of said)
        socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    },
    hears: (type: string, id?: string) =>
      until(`a message ${type}`, () => messages.find((each) => each.type === type && each.id === id)),
    end: () => socket.terminate(),
  };
}
