import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createHttpServer, listen } from '../graphql/http-server.ts';
import { type GraphqlSockets, serveGraphqlSockets } from '../graphql/sockets.ts';
import { createUnreadLedger } from '../graphql/unread.ts';
import { testLog } from '../testing/infrastructure.ts';
import { openRudeSocket } from '../testing/rude-socket.ts';
import { until } from '../testing/wait.ts';

const PING_MS = 200;
const UNREAD = { socket: 1_000_000, owner: 3_000_000, all: 4_000_000 };
const MESSAGE_BYTES = 100_000;

let app: FastifyInstance;
let sockets: GraphqlSockets;
let port: number;
let disconnected: string[];
beforeEach(async () => {
  app = createHttpServer({ log: testLog, bodyBytesMax: 1_000, requestTimeoutMs: 5_000 });
  disconnected = [];
  sockets = serveGraphqlSockets<string>({
    app,
    messageBytesMax: 2 * MESSAGE_BYTES,
    initWaitMs: 300,
    unread: UNREAD,
    pingMs: PING_MS,
    log: testLog,
    hooks: (socket) => ({
      async connect({ name }) {
        socket.belongsTo(String(name));
        return String(name);
      },
      disconnect: (name) => disconnected.push(name),
      answer(_name, { query }) {
        if (query === 'throw') throw new Error('a fault of ours');
        return { result: { data: { text: 'x'.repeat(MESSAGE_BYTES) } } };
      },
      formatFault: () => ({ message: 'Internal error' }),
    }),
  });
  port = await listen(app, '127.0.0.1', { setting: 'PORT', value: 0 });
});
afterEach(async () => {
  await sockets.close();
  await app.close();
});

const init = (name: string) => ({ type: 'connection_init', payload: { name } });
const ask = (id: string, query = '{ text }') => ({ id, type: 'subscribe', payload: { query } });

async function openReader(name: string) {
  const socket = await openRudeSocket(port);
  socket.say(init(name));
  await socket.hears('connection_ack');
  return socket;
}

describe('a peer that reads nothing', () => {
  test('is cut after two pings, although it sends pongs all the time', async () => {
    const peer = await openReader('ada');
    peer.stopReading();
    const pongs = setInterval(() => peer.pong(), 10);
    await until('its socket has gone', () => sockets.count() === 0, 5 * PING_MS);
    clearInterval(pongs);
    expect(disconnected).toEqual(['ada']);
    peer.end();
  });

  test('is cut at its bound, also when it asks for pongs', async () => {
    const peer = await openReader('ada');
    peer.stopReading();
    let most = 0;
    await until('its socket has gone', () => {
      peer.say({ type: 'ping', payload: { text: 'x'.repeat(MESSAGE_BYTES) } });
      most = Math.max(most, sockets.unreadBytes());
      return sockets.count() === 0;
    });
    expect(most).toBeLessThan(UNREAD.socket + 2 * MESSAGE_BYTES);
    expect(sockets.unreadBytes()).toBe(0);
    peer.end();
  });

  test('takes no memory without bound together with fifty others, of one owner or of many', async () => {
    for (const owner of [() => 'one', (number: number) => `owner-${number}`]) {
      const peers = await Promise.all(Array.from({ length: 50 }, (_, number) => openReader(owner(number))));
      for (const peer of peers) peer.stopReading();
      let most = 0;
      let asked = 0;
      await until('most of them have gone', () => {
        asked += 1;
        for (const peer of peers) peer.say(ask(`a${asked}`));
        most = Math.max(most, sockets.unreadBytes());
        return sockets.count() < 10;
      });
      expect(most).toBeLessThan(UNREAD.all + 2 * MESSAGE_BYTES);
      for (const peer of peers) peer.end();
      await until('all have gone', () => sockets.count() === 0);
    }
  });
});

describe('a socket', () => {
  test('that never initialises is cut, although its peer confirms nothing', async () => {
    expect(await (await openRudeSocket(port)).cut).toBeLessThan(2_500);
  });

  test('takes no large message before sign-in', async () => {
    const peer = await openRudeSocket(port);
    peer.say({ type: 'connection_init', payload: { name: 'x'.repeat(140_000) } });
    await peer.hears('Too large a message before sign-in');
    await peer.cut;
    expect(disconnected).toEqual([]);
  });

  test('that breaks the WebSocket protocol is cut, although its peer confirms nothing', async () => {
    const peer = await openReader('ada');
    const before = Date.now();
    peer.say('x'.repeat(3 * MESSAGE_BYTES)); // 1009
    await peer.cut;
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  test('stays open when one operation meets a fault of ours, and the fault is its error', async () => {
    const peer = await openReader('ada');
    peer.say(ask('a', 'throw'));
    await peer.hears('{"id":"a","type":"error","payload":[{"message":"Internal error"}]}');
    expect(peer.isCut()).toBe(false);
    peer.end();
  });
});

describe('the ledger of unread bytes', () => {
  const account = (ledger: ReturnType<typeof createUnreadLedger>, owner: string) => {
    const socket = {
      bytes: 0,
      isOpen: true,
      unreadBytes: () => socket.bytes,
      terminate() {
        socket.isOpen = false;
      },
    };
    const { update, close } = ledger.open(socket, () => owner);
    const holds = (bytes: number) => {
      socket.bytes = bytes;
      update();
    };
    return { socket, holds, close };
  };

  test('drops the socket that holds most: of the owner, or of all', () => {
    const ledger = createUnreadLedger({ socket: 50, owner: 80, all: 100 });
    const [one, two, other] = [account(ledger, 'ada'), account(ledger, 'ada'), account(ledger, 'bob')];
    one.holds(45);
    two.holds(36);
    expect([one.socket.isOpen, two.socket.isOpen, ledger.bytes]).toEqual([false, true, 36]);
    other.holds(51);
    expect([other.socket.isOpen, ledger.bytes]).toEqual([false, 36]);
    const third = account(ledger, 'bob');
    third.holds(50);
    const fourth = account(ledger, 'cleo');
    fourth.holds(20);
    expect([third.socket.isOpen, fourth.socket.isOpen, ledger.bytes]).toEqual([false, true, 56]);
    two.close();
    fourth.close();
    expect(ledger.bytes).toBe(0);
  });
});
