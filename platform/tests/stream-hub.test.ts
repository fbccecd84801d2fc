import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openStreamHub, type StreamHub } from '../event-log/stream-hub.ts';
import { testLog } from '../testing/infrastructure.ts';
import { follow, upTo, watched } from './following.ts';
import { aStream, BOTH, NoteStruck, numbered, openWorld, SILENT_DOORBELL, type World } from './world.ts';

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

describe('a follower', () => {
  test('gets the events after its cursor, then once that it has caught up, then new events', async () => {
    const hub = await openHub();
    const stream = aStream();
    await world.write(stream, numbered(5));

    const { got, gets } = follow(hub, stream, 2);
    await gets('live 5');
    await world.write(stream, ['6']);
    await world.write(stream, ['7', '8']);
    await gets(8);

    expect(got).toEqual([3, 4, 5, 'live 5', 6, 7, 8]);
  });

  test('without a cursor gets only new events', async () => {
    const hub = await openHub();
    const stream = aStream();
    await world.write(stream, numbered(3));

    const { got, gets } = follow(hub, stream, null);
    await gets('live 3');
    await world.write(stream, ['4']);
    await gets(4);

    expect(got).toEqual(['live 3', 4]);
  });

  test('of a stream that does not exist yet gets its first event', async () => {
    const hub = await openHub();
    const stream = aStream();

    const { got, gets } = follow(hub, stream, null);
    await gets('live 0');
    await world.write(stream, ['1']);
    await gets(1);

    expect(got).toEqual(['live 0', 1]);
  });

  test('gets only the types and the subject that it asks for', async () => {
    const hub = await openHub();
    const stream = aStream();
    const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const writeAll = async () => {
      await world.write(stream, ['written'], { subject: mine });
      await world.write(stream, ['written'], { subject: other });
      await world.write(stream, ['struck'], { subject: mine, definition: NoteStruck });
    };
    await writeAll();

    const struck = follow(hub, stream, 0, { types: [NoteStruck.type] });
    const ofMine = follow(hub, stream, 0, { ...BOTH, subject: mine });
    await Promise.all([struck.gets('live 3'), ofMine.gets('live 3')]);
    await writeAll();
    await Promise.all([struck.gets(6), ofMine.gets(6)]);

    expect(struck.got).toEqual([3, 'live 3', 6]);
    expect(ofMine.got).toEqual([1, 3, 'live 3', 4, 6]);
  });

  test('misses no event that is committed while it attaches', async () => {
    const stream = aStream();
    const writeOnce = Object.assign(
      async () => {
        if (!writeOnce.isDone) {
          writeOnce.isDone = true;
          await world.write(stream, ['between the reading of the head and the start of the feed']);
        }
      },
      { isDone: false },
    );
    const hub = await openHub({ orm: watched(world, { after: writeOnce }).orm });

    const { got, gets } = follow(hub, stream, 0);
    await gets(1);

    expect(got).toEqual(['live 0', 1]);
  });

  test('that leaves at any time and returns with its last cursor gets every event once, in 1,000 visits', async () => {
    const hub = await openHub();
    const stream = aStream();
    const reached = [0, 0, 0, 0];
    let written = 0;
    let isOver = false;
    const writer = async () => {
      while (!isOver) {
        if (written - Math.min(...reached) < 12) {
          written++;
          await world.write(stream, ['a note']);
        } else await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const wanderer = async (name: number) => {
      const seqs: number[] = [];
      for (let visit = 0; visit < 250 || seqs.length < 100; visit++) {
        const abort = new AbortController();
        const leaving = setTimeout(() => abort.abort(), Math.random() * 4);
        let patience = Math.ceil(Math.random() * 6);
        for await (const item of hub.follow(stream, reached[name]!, BOTH, abort.signal)) {
          if (item.kind === 'reset') throw new Error(item.reason);
          if (item.kind === 'event') seqs.push(item.event.seq);
          reached[name] = item.kind === 'event' ? item.event.seq : item.seq;
          if (--patience === 0) break;
        }
        clearTimeout(leaving);
      }
      reached[name] = Number.POSITIVE_INFINITY; // no writer waits for it any more
      return seqs;
    };

    const writers = [writer(), writer(), writer(), writer()];
    const walks = await Promise.all(reached.map((_, name) => wanderer(name)));
    isOver = true;
    await Promise.all(writers);

    for (const seqs of walks) {
      expect(seqs).toEqual(upTo(seqs.length));
    }
  });
});

describe('a cursor', () => {
  test('ahead of the stream resets the follower, which continues live', async () => {
    const hub = await openHub();
    const stream = aStream();
    await world.write(stream, numbered(3));

    const { got, gets } = follow(hub, stream, 4);
    await gets('live 3');
    await world.write(stream, ['4']);
    await gets(4);

    expect(got).toEqual(['CURSOR_UNKNOWN 3', 'live 3', 4]);
  });

  test('from another process is known, also before this process has read the event', async () => {
    const hub = await openHub({ doorbell: SILENT_DOORBELL });
    const stream = aStream();
    await world.write(stream, ['1']);
    await follow(hub, stream, null).gets('live 1');
    await world.write(stream, ['2', '3']);

    const { got, gets } = follow(hub, stream, 2);
    await gets(3);

    expect(got).toEqual(['live 2', 3]);
  });

  test('whose next event is no longer kept resets the follower', async () => {
    const hub = await openHub();
    const stream = aStream();
    await world.write(stream, numbered(5));
    await world.em().execute('delete from log.event where stream = ? and seq <= 3', [stream]);

    const expired = follow(hub, stream, 2);
    const kept = follow(hub, stream, 3);
    await Promise.all([expired.gets('live 5'), kept.gets('live 5')]);

    expect(expired.got).toEqual(['CURSOR_EXPIRED 5', 'live 5']);
    expect(kept.got).toEqual([4, 5, 'live 5']);
  });

  test('more than 10,000 events behind resets the follower; 10,000 are replayed', async () => {
    const hub = await openHub();
    const stream = aStream();
    await world.write(stream, numbered(10_001));

    const tooFar = follow(hub, stream, 0);
    const justNear = follow(hub, stream, 1);
    await Promise.all([tooFar.gets('live 10001'), justNear.gets('live 10001')]);

    expect(tooFar.got).toEqual(['TOO_FAR_BEHIND 10001', 'live 10001']);
    expect(justNear.got).toEqual([...upTo(10_001).slice(1), 'live 10001']);
  });
});
