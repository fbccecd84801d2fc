import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  follower,
  on,
  projection,
  type Reader,
  type ReadersAtWork,
  startReaders,
} from '../event-log/readers.ts';
import { testLog } from '../testing/infrastructure.ts';
import { aStream, NoteStruck, NoteWritten, openWorld, SILENT_DOORBELL, type World } from './world.ts';

let world: World;
const started: ReadersAtWork[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((readers) => readers.close()));
  await world.em().execute('truncate log.stream, log.event, log.reader, log.reader_position');
});
afterAll(() => world.close());

/** Starts readers that neither a hint nor a sweep wakes: they read when they start and when they catch up. */
async function start(...readers: Reader[]): Promise<ReadersAtWork> {
  const atWork = await startReaders(readers, {
    orm: world.subgraph.orm,
    doorbell: SILENT_DOORBELL,
    transact: world.subgraph.transact,
    sweepSeconds: 60,
    log: testLog,
  });
  started.push(atWork);
  return atWork;
}

/** Stops the readers of this process, as the end of the process would. */
const stop = async () => {
  for (const readers of started.splice(0)) await readers.close();
};

/** A reaction that remembers the texts of the notes that it has heard of. */
function listening(definition = NoteWritten) {
  const heard: string[] = [];
  return { heard, reaction: on(definition, async (_tx, { text }) => heard.push(text)) };
}

const positions = (): Promise<{ reader: string; stream: string; seq: number }[]> =>
  world
    .em()
    .execute('select reader, stream, seq::int as seq from log.reader_position order by reader, stream');

describe('a reader', () => {
  test('has a position of its own: another one of the same subgraph may be ahead of it', async () => {
    const stream = aStream();
    const [ahead, behind] = [listening(), listening()];
    const failing = on(NoteWritten, async (tx, payload, event) => {
      if (payload.text === 'second') throw new Error('not now');
      return behind.reaction.react(tx, payload, event);
    });
    await world.write(stream, ['first', 'second', 'third']);

    const readers = await start(
      projection('lab.ahead', [ahead.reaction]),
      projection('lab.behind', [failing]),
    );
    await expect(readers.catchUp()).rejects.toThrow('not now');

    expect([ahead.heard, behind.heard]).toEqual([['first', 'second', 'third'], ['first']]);
    expect(await positions()).toEqual([
      { reader: 'lab.ahead', stream, seq: 3 },
      { reader: 'lab.behind', stream, seq: 1 },
    ]);
  });

  test('goes on from its position when its subgraph starts again', async () => {
    const stream = aStream();
    await world.write(stream, ['before']);
    await (await start(projection('lab.notes', [listening().reaction]))).catchUp();
    await stop();
    await world.write(stream, ['while it was stopped']);

    const { heard, reaction } = listening();
    await (await start(projection('lab.notes', [reaction]))).catchUp();

    expect(heard).toEqual(['while it was stopped']);
  });

  test('with the name of another reader is refused, because they would share one position', async () => {
    const starting = start(projection('lab.notes', []), follower('lab.notes', []));

    await expect(starting).rejects.toThrow('Two readers have one name: lab.notes');
  });

  test('with two reactions to one event is refused, because only one of them would run', async () => {
    const starting = start(projection('lab.notes', [listening().reaction, listening().reaction]));

    await expect(starting).rejects.toThrow('lab.notes has two reactions to one event: lab.note-written.v1');
  });
});

describe('a reader that is added to a subgraph with history', () => {
  beforeEach(async () => {
    await (await start(projection('lab.notes', [listening().reaction]))).catchUp();
    await world.write('notebook:old', ['1', '2']);
    await world.write('notebook:other', ['3']);
    await stop();
  });

  test('finds everything in it when it is a projection', async () => {
    const { heard, reaction } = listening();

    await (await start(projection('lab.added', [reaction]))).catchUp();

    expect(heard.toSorted()).toEqual(['1', '2', '3']);
  });

  test('hears nothing old and everything new when it is a follower', async () => {
    const { heard, reaction } = listening();
    const readers = await start(follower('lab.added', [reaction]));
    await readers.catchUp();
    expect(heard).toEqual([]);

    await world.write('notebook:old', ['new in an old stream']);
    await readers.catchUp();
    await world.write('notebook:new', ['first in a new stream']);
    await readers.catchUp();

    expect(heard).toEqual(['new in an old stream', 'first in a new stream']);
  });

  test('begins once: a follower that starts again reads what was committed while it was stopped', async () => {
    await start(follower('lab.added', [listening().reaction]));
    await stop();
    await world.write('notebook:old', ['while it was stopped']);

    const { heard, reaction } = listening();
    await (await start(follower('lab.added', [reaction]))).catchUp();

    expect(heard).toEqual(['while it was stopped']);
  });

  test('leaves the positions of other readers as they are', async () => {
    const before = await positions();

    await (await start(projection('lab.added', [listening().reaction]))).catchUp();

    expect((await positions()).filter(({ reader }) => reader === 'lab.notes')).toEqual(before);
  });
});

describe('catching up', () => {
  test('makes every reader hear of everything committed so far, in all streams', async () => {
    const [written, struck] = [listening(), listening(NoteStruck)];
    const readers = await start(
      projection('lab.written', [written.reaction]),
      follower('lab.struck', [struck.reaction]),
    );
    await world.write(aStream(), ['a']);
    await world.write(aStream(), ['b'], { definition: NoteStruck });

    await readers.catchUp();

    expect([written.heard, struck.heard]).toEqual([['a'], ['b']]);
  });

  test('with one stream leaves the others for later', async () => {
    const [one, other] = [listening(), listening()];
    const readers = await start(
      projection('lab.one', [one.reaction]),
      projection('lab.other', [other.reaction]),
    );
    const asked = aStream();
    await world.write(asked, ['asked']);
    await world.write(aStream(), ['not asked']);

    await readers.catchUp(asked);

    expect([one.heard, other.heard]).toEqual([['asked'], ['asked']]);
  });

  test('of a subgraph is that of all its readers', async () => {
    const [one, other] = [listening(), listening()];
    const { infrastructure } = world;
    const beside = await openWorld({
      infrastructure: { ...infrastructure, doorbell: SILENT_DOORBELL },
      readers: [projection('lab.one', [one.reaction]), projection('lab.other', [other.reaction])],
    });
    await world.write(aStream(), ['a note']);

    await beside.subgraph.catchUp();
    await beside.close();

    expect([one.heard, other.heard]).toEqual([['a note'], ['a note']]);
  });
});
