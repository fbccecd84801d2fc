import { getEventListeners } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openStreamHub, type StreamHub } from '../event-log/stream-hub.ts';
import { testLog } from '../testing/infrastructure.ts';
import { follow, inShort, upTo, watched } from './following.ts';
import { aStream, BOTH, numbered, openWorld, SILENT_DOORBELL, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const hubs: StreamHub[] = [];
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close();
});

async function openHub({
  doorbell = world.infrastructure.doorbell,
  sweepSeconds = 60,
  orm = world.subgraph.orm,
} = {}) {
  const hub = await openStreamHub(orm, doorbell, { sweepSeconds, log: testLog });
  hubs.push(hub);
  return hub;
}

describe('the hub', () => {
  test('reads each batch of events once for 200 followers', async () => {
    const { orm, queries } = watched(world, {});
    const hub = await openHub({ orm });
    const stream = aStream();
    const crowd = Array.from({ length: 200 }, () => follow(hub, stream, null));
    await Promise.all(crowd.map(({ gets }) => gets('live 0')));
    expect(queries.count).toBe(1);

    for (let seq = 1; seq <= 10; seq++) {
      await world.write(stream, ['a note']);
      await Promise.all(crowd.map(({ gets }) => gets(seq)));
    }

    expect(queries.count).toBe(11);
    for (const { got } of crowd) expect(got).toEqual(['live 0', ...upTo(10)]);
  });

  test('does not wait for a slow follower, and serves it from the log later', async () => {
    const { orm, queries } = watched(world, {});
    const hub = await openHub({ orm });
    const stream = aStream();
    const slow = hub.follow(stream, null, BOTH, new AbortController().signal);
    expect(await slow.next()).toMatchObject({ value: { kind: 'caught-up' } });
    const quick = follow(hub, stream, null);
    await quick.gets('live 0');
    for (let batch = 0; batch < 10; batch++) await world.write(stream, numbered(250));
    await quick.gets(2_500);
    const queriesBefore = queries.count;

    const got: (number | string)[] = [];
    for await (const item of slow) if (got.push(inShort(item)) === 2_500) break;

    expect(quick.got).toEqual(['live 0', ...upTo(2_500)]);
    expect(got).toEqual(upTo(2_500));
    expect(queries.count - queriesBefore).toBe(3); // 500 each, until the newest 1,000 that are kept
  });

  test('finds by sweeping the events whose hint was lost', async () => {
    const hub = await openHub({ doorbell: SILENT_DOORBELL, sweepSeconds: 0.05 });
    const stream = aStream();
    const { got, gets } = follow(hub, stream, null);
    await gets('live 0');

    await world.write(stream, ['1', '2']);
    await gets(2);

    expect(got).toEqual(['live 0', 1, 2]);
  });

  test('repeats a failed read at the next sweep', async () => {
    let failuresLeft = 0;
    const before = async () => {
      if (failuresLeft-- > 0) throw new Error('the database is away');
    };
    const hub = await openHub({ orm: watched(world, { before }).orm, sweepSeconds: 0.05 });
    const stream = aStream();
    const { got, gets } = follow(hub, stream, null);
    await gets('live 0');

    failuresLeft = 1;
    await world.write(stream, ['1']);
    await gets(1);

    expect(got).toEqual(['live 0', 1]);
    expect(failuresLeft).toBeLessThan(0);
  });

  test('fails a follower whose feed cannot start, and starts the feed again for the next one', async () => {
    let failsNow = true;
    const before = async () => {
      if (failsNow) throw new Error('the database is away');
    };
    const hub = await openHub({ orm: watched(world, { before }).orm });
    const stream = aStream();
    await expect(follow(hub, stream, null).ended).rejects.toThrow('the database is away');

    failsNow = false;

    await follow(hub, stream, null).gets('live 0');
  });

  test('ends a waiting follower at once when its signal is aborted, and keeps no listener of it', async () => {
    const hub = await openHub();
    const { abort, gets, ended } = follow(hub, aStream(), null);
    await gets('live 0');

    abort.abort();

    await ended;
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('keeps no listener of a follower that left by itself', async () => {
    const hub = await openHub();
    const { signal } = new AbortController();

    for await (const _ of hub.follow(aStream(), null, BOTH, signal)) break;

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('ends all followers when it is closed', async () => {
    const hub = await openHub();
    const crowd = Array.from({ length: 5 }, () => follow(hub, aStream(), null));
    await Promise.all(crowd.map(({ gets }) => gets('live 0')));

    hub.close();

    await Promise.all(crowd.map(({ ended }) => ended));
  });

  test('gives the followers of one stream no events of another stream', async () => {
    const hub = await openHub();
    const [mine, other] = [aStream(), aStream()];
    const { got, gets } = follow(hub, mine, null);
    await gets('live 0');

    await world.write(other, ['not mine']);
    await world.write(mine, ['mine']);
    await gets(1);

    expect(got).toEqual(['live 0', 1]);
  });
});
