import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket as Socket } from 'ws';
import { until } from '../../platform/testing/wait.ts';
import { createSubscriber, type Subscriber } from '../subscriptions/subscriber.ts';
import { BOARD, follow, type Json, openWorld, type World } from './world.ts';

const QUEUE_MAX = 4;
const QUEUE_BYTES_MAX = 1_000;
const SLOW = { message: 'too slow', extensions: { code: 'SLOW_CONSUMER' } };

describe('the queue of one client', () => {
  const open = (stallMs = 60_000) => {
    const ends: string[] = [];
    const onEnd = () => ends.push('ended');
    const queued: number[] = [];
    const onQueued = (bytes: number) => queued.push(bytes);
    const bounds = { queueMax: QUEUE_MAX, queueBytesMax: QUEUE_BYTES_MAX };
    return {
      subscriber: createSubscriber({ ...bounds, stallMs, slowness: SLOW, onQueued, onEnd }),
      ends,
      queuedBytes: () => queued.reduce((sum, bytes) => sum + bytes, 0),
    };
  };
  const result = (number: number) => ({ data: { number } });
  const readAll = async ({ results }: Subscriber) => {
    const read: unknown[] = [];
    for await (const each of results) read.push(each);
    return read;
  };

  test('is full with a few large results too, and counts the bytes that wait', async () => {
    const { subscriber, queuedBytes } = open();
    const large = { data: { text: 'x'.repeat(700) } };
    subscriber.push(large);
    expect(subscriber.isFull).toBe(false);
    subscriber.push(large);
    expect(subscriber.isFull).toBe(true);
    expect(queuedBytes()).toBe(2 * JSON.stringify(large).length);
    await subscriber.results.next();
    expect([subscriber.isFull, queuedBytes()]).toEqual([false, JSON.stringify(large).length]);
    for (let number = 0; number < 3; number++) subscriber.push(large);
    expect(await readAll(subscriber)).toEqual([{ errors: [SLOW] }]);
    expect(queuedBytes()).toBe(0);
  });

  test('returns the results in order, then ends', async () => {
    const { subscriber, ends } = open();
    const first = subscriber.results.next();
    for (const number of [1, 2, 3]) subscriber.push(result(number));
    subscriber.end();

    expect(await first).toEqual({ done: false, value: result(1) });
    expect(await readAll(subscriber)).toEqual([result(2), result(3)]);
    expect(ends).toEqual(['ended']);
  });

  test('is replaced by an error beyond twice its bound', async () => {
    const { subscriber, ends } = open();
    for (let number = 0; number <= 2 * QUEUE_MAX; number++) subscriber.push(result(number));
    subscriber.push(result(99));
    expect(ends).toEqual(['ended']);
    expect(await readAll(subscriber)).toEqual([{ errors: [SLOW] }]);
  });

  test('wakes its producer at the next read', async () => {
    const { subscriber } = open();
    for (let number = 0; number < QUEUE_MAX; number++) subscriber.push(result(number));
    expect(subscriber.isFull).toBe(true);
    const read = subscriber.nextRead();
    await subscriber.results.next();
    await read;
    expect(subscriber.isFull).toBe(false);
  });

  test('cuts a client that reads nothing while the producer waits', async () => {
    const { subscriber, ends } = open(20);
    subscriber.push(result(1));
    await subscriber.nextRead();
    expect(ends).toEqual(['ended']);
    expect(await readAll(subscriber)).toEqual([{ errors: [SLOW] }]);
  });

  test('ends at once when the client leaves while it waits for a result', async () => {
    const { subscriber, ends } = open();
    const waiting = subscriber.results.next();
    await subscriber.results.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(ends).toEqual(['ended']);
  });
});

describe('a client that does not read its socket', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld({ SUBSCRIPTION_QUEUE_MAX: QUEUE_MAX, SUBSCRIPTION_STALL_SECONDS: 1 });
  });
  afterEach(() => world.close());

  /** Follows the board, then stops reading. `socket.resume()` fills `messages`. */
  async function stall() {
    const messages: Json[] = [];
    const socket = new Socket(`${world.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    await until('it is acknowledged', () => messages.length === 1);
    socket.send(JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: BOARD } }));
    await until('it is live', () => messages.length === 2);
    socket.pause();
    return { socket, messages };
  }

  /** Together the events are larger than the buffers of a connection. */
  const TITLE = 'x'.repeat(500_000);
  const EVENTS = 60;

  test('is cut with SLOW_CONSUMER, and its stream is left', async () => {
    const { socket, messages } = await stall();
    for (let number = 1; number <= EVENTS; number++) world.board.change(`t${number}`, { title: TITLE });
    await until('the stream of the slow client is left', async () => {
      const { leave } = await follow(world.connect(), BOARD);
      leave();
      return world.board.followers() === 1;
    });
    socket.resume();
    await until('it has ended', () => messages.at(-1)?.type === 'complete');
    expect(messages.at(-2).payload).toEqual({
      errors: [
        {
          message: 'The events were read too slowly. Subscribe again with the last cursor.',
          extensions: { code: 'SLOW_CONSUMER' },
        },
      ],
    });
    socket.terminate();
  });

  test('delays nobody else, and can continue from its last cursor', async () => {
    const { socket, messages } = await stall();
    const quick = await follow(world.connect(), BOARD);
    for (let number = 1; number <= EVENTS; number++) {
      world.board.change(`t${number}`, { title: TITLE });
      await until('the quick one has it', () => quick.tasks().length === number, 500);
    }
    socket.resume();
    await until('the slow one is cut', () => messages.at(-1)?.type === 'complete');
    const cursors = messages.flatMap(({ payload }) => payload?.data?.boardEvents.cursor ?? []);
    const rest = await follow(world.connect(), BOARD, { after: cursors.at(-1) });
    expect([
      ...cursors.slice(1),
      ...rest.results.slice(0, -1).map(({ data }) => data.boardEvents.cursor),
    ]).toEqual(Array.from({ length: EVENTS }, (_, index) => `cursor-${index + 1}`));
    socket.terminate();
  });

  test('gets everything when it reads slowly but steadily', async () => {
    for (let number = 1; number <= EVENTS; number++) world.board.change(`t${number}`, { title: TITLE });
    const following = await follow(world.connect(), BOARD, { after: 'cursor-0' });
    expect(following.tasks()).toEqual(Array.from({ length: EVENTS }, (_, index) => `t${index + 1}`));
  });
});
