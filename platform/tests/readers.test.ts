import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Doorbell } from '../event-log/doorbell.ts';
import { readHeads } from '../event-log/event-log.ts';
import {
  on,
  projection,
  type Reaction,
  type Reader,
  type ReadersAtWork,
  startReaders,
} from '../event-log/readers.ts';
import type { Transaction } from '../event-log/transaction.ts';
import { testLog } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';
import {
  aNote,
  aStream,
  Note,
  NoteStruck,
  NoteWritten,
  numbered,
  openWorld,
  SILENT_DOORBELL,
  type World,
} from './world.ts';

let world: World;
const started: ReadersAtWork[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((readers) => readers.close()));
  await world.em().execute('truncate log.stream, log.event, log.reader, log.reader_position, lab.note');
});
afterAll(() => world.close());

interface StartOptions {
  sweepSeconds?: number;
  doorbell?: Doorbell;
}

async function start(readers: readonly Reader[], options: StartOptions = {}): Promise<ReadersAtWork> {
  const atWork = await startReaders(readers, {
    orm: world.subgraph.orm,
    doorbell: world.infrastructure.doorbell,
    transact: world.subgraph.transact,
    sweepSeconds: 60,
    log: testLog,
    ...options,
  });
  started.push(atWork);
  return atWork;
}

/** Starts one reader, which begins at the start of the log. */
const startOne = (reactions: readonly Reaction[], options?: StartOptions) =>
  start([projection('lab.notes', reactions)], options);

/** Inserts a row for each event. The row rolls back with the reader's position. */
const keepRow = on(NoteWritten, async (tx, { text }) => {
  tx.em.create(Note, aNote(text));
});
const rows = async () => {
  const notes = await world.em().find(Note, {});
  return notes.map(({ text }) => text);
};
const sortedRows = async () => (await rows()).toSorted();
const position = async (stream: string, reader = 'lab.notes'): Promise<number> => {
  const [row]: { seq: number }[] = await world
    .em()
    .execute('select seq::int as seq from log.reader_position where reader = ? and stream = ?', [
      reader,
      stream,
    ]);
  return row?.seq ?? 0;
};

describe('a reader', () => {
  test('reacts to each event once and in order, also to events from before its start', async () => {
    const stream = aStream();
    const heard: string[] = [];
    await world.write(stream, ['before']);

    await startOne([on(NoteWritten, async (_tx, { text }) => void heard.push(text))]);
    for (const text of numbered(20)) await world.write(stream, [text]);

    await until('all is heard', () => heard.length >= 21);
    expect(heard).toEqual(['before', ...numbered(20)]);
  });

  test('is woken by the doorbell, long before the sweep', async () => {
    await startOne([keepRow]);

    await world.write(aStream(), ['rung']);

    await until('the note is kept', async () => (await rows()).length === 1, 3_000);
  });

  test('finds by sweeping the events whose hint was lost', async () => {
    await startOne([keepRow], { doorbell: SILENT_DOORBELL, sweepSeconds: 0.1 });

    await world.write(aStream(), ['not rung']);

    await until('the note is kept', async () => (await rows()).length === 1, 3_000);
  });

  test('skips events of other types, and its position passes them', async () => {
    const stream = aStream();
    await world.write(stream, ['1']);
    await world.write(stream, ['2', '3'], { definition: NoteStruck });
    const reader = await startOne([keepRow], { doorbell: SILENT_DOORBELL });

    await reader.catchUp();
    expect([await rows(), await position(stream)]).toEqual([['1'], 3]);

    await world.write(stream, ['4'], { definition: NoteStruck });
    await reader.catchUp();
    expect(await position(stream)).toBe(4);
  });

  test('loses no hint that arrives while it reads', async () => {
    const stream = aStream();
    const heard: string[] = [];
    await startOne([on(NoteWritten, async (_tx, { text }) => void heard.push(text))]);

    for (let round = 1; round <= 30; round++) {
      await Promise.all([world.write(stream, ['a']), world.write(stream, ['b'])]);
      await until(`both notes of round ${round} are heard`, () => heard.length === 2 * round, 3_000);
    }
  });

  test('reads every stream, also when it is told of many at once', async () => {
    await startOne([keepRow]);
    const streams = numbered(20).map(aStream);
    for (const stream of streams) await world.write(stream, ['unheard'], { doorbell: SILENT_DOORBELL });
    expect(await rows()).toEqual([]);

    world.infrastructure.doorbell.ring(
      streams.map((stream) => ({ stream, seq: 1, types: [NoteWritten.type] })),
    );

    await until('all are kept', async () => (await rows()).length === 20, 5_000);
  });

  test('continues where a reader of its name stopped, without a repeat', async () => {
    const stream = aStream();
    const first = await startOne([keepRow]);
    await world.write(stream, numbered(30));
    await until('some are kept', async () => (await rows()).length >= 3);
    await first.close();
    const keptByFirst = (await rows()).length;

    const second = await startOne([keepRow]);
    await second.catchUp();

    expect(keptByFirst).toBeLessThanOrEqual(30);
    expect(await sortedRows()).toEqual(numbered(30).toSorted());
    expect(await position(stream)).toBe(30);
  });

  test('shares the work with other processes that run it, and nothing is done twice', async () => {
    const streams = numbered(6).map(aStream);
    await Promise.all([startOne([keepRow]), startOne([keepRow]), startOne([keepRow])]);

    await Promise.all(streams.map((stream, n) => world.write(stream, numbered(10, `${n}/`))));
    await Promise.all(started.map((readers) => readers.catchUp()));

    expect(await sortedRows()).toEqual(streams.flatMap((_, n) => numbered(10, `${n}/`)).toSorted());
  });

  test('catches up with one stream, or with all, before it returns', async () => {
    const [asked, other] = [aStream(), aStream()];
    const reader = await startOne([keepRow], { doorbell: SILENT_DOORBELL });
    await world.write(asked, ['asked']);
    await world.write(other, ['other']);

    await reader.catchUp(asked);
    expect(await rows()).toEqual(['asked']);

    await reader.catchUp();
    expect(await sortedRows()).toEqual(['asked', 'other']);
    await reader.catchUp(aStream());
  });
});

describe('a reaction that fails', () => {
  /** Fails `times` times for the text 'bad', each time after it has written and published. */
  function failing(times: number) {
    const triedAt: number[] = [];
    const react = async (tx: Transaction, { text }: { text: string }) => {
      tx.em.create(Note, aNote(text));
      await tx.em.flush();
      tx.publish(NoteStruck, { stream: 'echo', subject: aNote(text).id, payload: { text } });
      if (text === 'bad' && triedAt.push(performance.now()) <= times) throw new Error('not now');
    };
    return { triedAt, reaction: on(NoteWritten, react) };
  }

  test('leaves no rows and no events, and is tried again after 100 ms, then twice as long each time', async () => {
    const { reaction, triedAt } = failing(3);
    await startOne([reaction]);
    await world.write(aStream(), ['bad', 'after it']);

    await until('it has failed twice', () => triedAt.length === 2);
    expect([await rows(), await readHeads(world.em(), ['echo'])]).toEqual([[], []]);

    await until('both are kept', async () => (await rows()).length === 2);
    expect(await readHeads(world.em(), ['echo'])).toEqual([{ stream: 'echo', seq: 2 }]);
    const waits = triedAt.slice(1).map((at, index) => at - triedAt[index]!);
    for (const [index, leastMs] of [100, 200, 400].entries())
      expect(waits[index]).toBeGreaterThan(leastMs - 5);
  });

  test('delays its own stream and no other', async () => {
    const { reaction, triedAt } = failing(Number.POSITIVE_INFINITY);
    await startOne([reaction]);
    const stuck = aStream();
    await world.write(stuck, ['bad', 'after it']);
    await until('it has failed', () => triedAt.length > 0);

    for (const text of numbered(5)) await world.write(aStream(), [text]);

    await until('the others are kept', async () => (await rows()).length === 5);
    expect(await sortedRows()).toEqual(numbered(5));
    expect(await position(stuck)).toBe(0);
  });

  test('fails the call that asked to catch up', async () => {
    const stream = aStream();
    const reader = await startOne([failing(1).reaction], { doorbell: SILENT_DOORBELL });
    await world.write(stream, ['bad']);

    await expect(reader.catchUp(stream)).rejects.toThrow('not now');
    await reader.catchUp(stream);
    expect(await rows()).toEqual(['bad']);
  });
});
