import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectDoorbell, createLocalDoorbell, type Doorbell } from '../event-log/doorbell.ts';
import type { Hint } from '../event-log/event-log.ts';
import { form, TEST_REDIS_URL, testLog } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';

const opened: Doorbell[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((doorbell) => doorbell.close()));
});

const PREFIX = `test-${randomUUID()}`;

const open = (redisUrl = TEST_REDIS_URL, prefix = PREFIX) => {
  const doorbell =
    form === 'services' ? connectDoorbell(redisUrl, prefix, testLog) : createLocalDoorbell(testLog);
  opened.push(doorbell);
  return doorbell;
};

const aHint = (): Hint => ({ stream: `test:${randomUUID()}`, seq: 7, types: ['lab.note-written.v1'] });

/** Listens, and keeps the hints that it hears. */
async function listen(doorbell: Doorbell) {
  const heard: Hint[] = [];
  const leave = await doorbell.listen((hint) => heard.push(hint));
  return {
    leave,
    heard,
    hears: (hint: Hint) => until('a hint', () => heard.some(({ stream }) => stream === hint.stream), 3_000),
  };
}

async function healthy(doorbell: Doorbell): Promise<Doorbell> {
  await until('hints travel', () => doorbell.isHealthy());
  return doorbell;
}

describe('a doorbell', () => {
  test('brings a hint to every listener as it was rung', async () => {
    const doorbell = await healthy(open());
    const listeners = [await listen(doorbell), await listen(doorbell)];
    const hint = aHint();

    doorbell.ring([hint]);

    for (const { hears, heard } of listeners) {
      await hears(hint);
      expect(heard).toContainEqual(hint);
    }
  });

  if (form === 'services')
    test('does not bring a hint to an installation with another prefix on the same Redis', async () => {
      const [ours, another] = [await healthy(open()), await healthy(open(TEST_REDIS_URL, `${PREFIX}-2`))];
      const [near, far] = [await listen(ours), await listen(another)];
      const [hint, last] = [aHint(), aHint()];

      ours.ring([hint]);
      await near.hears(hint);
      another.ring([last]);
      await far.hears(last);

      expect(far.heard).toEqual([last]);
    });

  test('keeps ringing for the others when a listener leaves, and for a new one after the last has left', async () => {
    const doorbell = await healthy(open());
    const [leaving, staying] = [await listen(doorbell), await listen(doorbell)];
    const [second, third] = [aHint(), aHint()];

    leaving.leave();
    doorbell.ring([second]);
    await staying.hears(second);
    expect(leaving.heard).toEqual([]);

    staying.leave();
    const coming = await listen(doorbell);
    doorbell.ring([third]);
    await coming.hears(third);
  });

  test('hides the error of a listener from the caller of ring, and from the other listeners', async () => {
    const doorbell = await healthy(open());
    await doorbell.listen(() => {
      throw new Error('a bug of a listener');
    });
    const other = await listen(doorbell);
    const hint = aHint();

    doorbell.ring([hint]);

    await other.hears(hint);
  });

  test('calls a function that listens twice until it has left twice', async () => {
    const doorbell = await healthy(open());
    const [first, second] = [aHint(), aHint()];
    const heard: string[] = [];
    const listener = ({ stream }: Hint) => {
      if (stream === first.stream) heard.push('first');
      if (stream === second.stream) heard.push('second');
    };
    const leaves = [await doorbell.listen(listener), await doorbell.listen(listener)];
    const last = await listen(doorbell);

    doorbell.ring([first]);
    await last.hears(first);
    leaves[0]?.();
    doorbell.ring([second]);
    await last.hears(second);

    expect(heard).toEqual(['first', 'first', 'second']);
  });
});

if (form === 'services') {
  describe('without Redis', () => {
    /** The discard port: nothing listens there. */
    const NOWHERE = 'redis://127.0.0.1:9';

    test('ring does not throw, listen resolves, and isHealthy tells that no hints travel', async () => {
      const doorbell = open(NOWHERE);

      const { heard } = await listen(doorbell);
      for (let n = 0; n < 100; n++) doorbell.ring([aHint()]);

      expect(doorbell.isHealthy()).toBe(false);
      expect(heard).toEqual([]);
    });

    test('close leaves no rejected promise behind', async () => {
      const failures: unknown[] = [];
      const note = (reason: unknown) => failures.push(reason);
      process.on('unhandledRejection', note);
      const doorbell = open(NOWHERE);
      (await listen(doorbell)).leave();

      doorbell.ring([aHint()]);
      await doorbell.close();
      await new Promise((resolve) => setImmediate(resolve));

      process.off('unhandledRejection', note);
      expect(failures).toEqual([]);
    });
  });

  describe('when Redis goes away and comes back', () => {
    test('hints arrive again after the connections were dropped', async () => {
      const proxy = await openProxy();
      const doorbell = await healthy(open(proxy.url));
      const { heard } = await listen(doorbell);

      proxy.drop();
      await until('the loss is noticed', () => !doorbell.isHealthy());

      await rungUntil(doorbell, heard);
      await proxy.close();
    });

    test('hints arrive at a listener that listened before Redis could be reached', async () => {
      const proxy = await openProxy();
      await proxy.close();
      const doorbell = open(proxy.url);
      const { heard } = await listen(doorbell);

      await proxy.reopen();

      await rungUntil(doorbell, heard);
      await proxy.close();
    });
  });
}

async function rungUntil(doorbell: Doorbell, heard: readonly Hint[]): Promise<void> {
  const hint = aHint();
  await until('a hint travels', () => {
    doorbell.ring([hint]);
    return heard.some(({ stream }) => stream === hint.stream);
  });
}

/** A proxy before Redis for one test, which can drop its connections without those of other tests. */
async function openProxy() {
  const url = new URL(TEST_REDIS_URL);
  const redis = { host: url.hostname, port: Number(url.port || 6379) };
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(redis);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
    near.pipe(far).pipe(near);
  });
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const ownPort = await listen(0);
  url.host = `127.0.0.1:${ownPort}`;
  const drop = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: url.toString(),
    drop,
    reopen: () => listen(ownPort),
    async close() {
      server.close();
      drop();
      await once(server, 'close');
    },
  };
}
