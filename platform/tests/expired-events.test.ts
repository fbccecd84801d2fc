import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readHeads } from '../event-log/event-log.ts';
import { follower, on, projection, type Reader, startReaders } from '../event-log/readers.ts';
import { testLog } from '../testing/infrastructure.ts';
import { countStatements } from '../testing/statements.ts';
import { retentionOf } from './aging.ts';
import { follow, upTo } from './following.ts';
import { aStream, NoteWritten, openWorld, SILENT_DOORBELL, type World } from './world.ts';

let world: World;
let retention: ReturnType<typeof retentionOf>;
beforeAll(async () => {
  world = await openWorld();
  retention = retentionOf(world);
});
afterEach(() => execute('truncate log.stream, log.event, log.reader, log.reader_position'));
afterAll(() => world.close());

const execute = (sql: string) => world.em().execute(sql);

/** Starts readers, lets them read everything, and stops them. */
async function read(...readers: Reader[]): Promise<void> {
  const { orm, transact } = world.subgraph;
  const settings = { orm, transact, doorbell: SILENT_DOORBELL, sweepSeconds: 60, log: testLog };
  const atWork = await startReaders(readers, settings);
  await atWork.catchUp();
  await atWork.close();
}

describe('events', () => {
  test('that are older than the setting are removed, and the stream goes on counting', async () => {
    const stream = await retention.writeStream({ events: 5, old: 3 });

    expect(await retention.remove()).toMatchObject({ events: 3 });

    expect(await retention.kept(stream)).toEqual([4, 5]);
    await world.write(stream, ['the next']);
    expect(await retention.kept(stream)).toEqual([4, 5, 6]);
  });

  test('may all be removed: the stream remembers its head', async () => {
    const stream = await retention.writeStream({ events: 3, old: 3 });

    await retention.remove();

    expect(await retention.kept(stream)).toEqual([]);
    expect(await readHeads(world.em(), [stream])).toEqual([{ stream, seq: 3 }]);
    await world.write(stream, ['the next']);
    expect(await retention.kept(stream)).toEqual([4]);
  });

  test('of one day less than the setting are kept', async () => {
    const stream = aStream();
    await world.write(stream, ['a note']);
    await retention.age(stream, 1, 89);

    expect(await retention.remove()).toMatchObject({ events: 0 });
    expect(await retention.kept(stream)).toEqual([1]);
  });

  test('behind a younger event are kept, so that no stream has a gap', async () => {
    const stream = await retention.writeStream({ events: 5, old: 5 });
    await world
      .em()
      .execute('update log.event set created_at = now() where stream = ? and seq = 3', [stream]);

    await retention.remove();

    expect(await retention.kept(stream)).toEqual([3, 4, 5]);
  });

  test('of many are removed in batches of 1,000', async () => {
    const stream = await retention.writeStream({ events: 2_500, old: 2_400 });

    const { result, statements } = await countStatements(world.subgraph.orm, () => retention.remove());

    expect(result).toMatchObject({ events: 2_400 });
    expect(await retention.kept(stream)).toEqual(upTo(2_500).slice(2_400));
    expect(statements.filter((statement) => statement.includes('delete from log.event'))).toHaveLength(3);
  });

  test('that a reader has not read yet are kept', async () => {
    const stream = await retention.writeStream({ events: 4, old: 2 });
    await read(projection('lab.quick', []), projection('lab.slow', []));
    await execute(`update log.reader_position set seq = 1 where reader = 'lab.slow'`);
    await retention.age(stream, 4, 91);

    await retention.remove();
    expect(await retention.kept(stream)).toEqual([2, 3, 4]);

    await read(projection('lab.slow', []));
    await retention.remove();
    expect(await retention.kept(stream)).toEqual([]);
  });

  test('are all kept while a reader has read nothing of their stream, and the log names the reader', async () => {
    const stream = await retention.writeStream({ events: 2, old: 2 });
    await execute(`insert into log.reader (name) values ('lab.retired')`);
    const warnings: unknown[] = [];
    const log = { ...testLog, warn: (...record: unknown[]) => warnings.push(record) } as never;

    await retention.remove({ log });

    expect(await retention.kept(stream)).toEqual([1, 2]);
    expect(warnings).toEqual([[{ readers: ['lab.retired'] }, 'retention.held-back']]);
  });
});

describe('a reader that is added when events have been removed', () => {
  test.each([
    ['projection', projection, ['kept']],
    ['follower', follower, []],
  ])('starts where the log begins, as a %s', async (_kind, make, old) => {
    const stream = aStream();
    await world.write(stream, ['removed', 'kept']);
    await retention.age(stream, 1, 91);
    await retention.remove();
    const heard: string[] = [];
    const reader = make('lab.added', [on(NoteWritten, async (_tx, { text }) => heard.push(text))]);

    await read(reader);
    await world.write(stream, ['new']);
    await read(reader);

    expect(heard).toEqual([...old, 'new']);
  });
});

describe('a cursor', () => {
  test('before the kept events is expired, at and after their beginning it replays', async () => {
    const stream = await retention.writeStream({ events: 5, old: 3 });
    await retention.remove();

    const followers = [2, 3, 4].map((after) => follow(world.subgraph.hub, stream, after));
    await Promise.all(followers.map(({ gets }) => gets('live 5')));

    expect(followers.map(({ got }) => got)).toEqual([
      ['CURSOR_EXPIRED 5', 'live 5'],
      [4, 5, 'live 5'],
      [5, 'live 5'],
    ]);
    for (const { abort } of followers) abort.abort();
  });

  test('of a stream without any kept event is expired before the head, and fine at the head', async () => {
    const stream = await retention.writeStream({ events: 3, old: 3 });
    await retention.remove();

    const [expired, atHead] = [follow(world.subgraph.hub, stream, 2), follow(world.subgraph.hub, stream, 3)];
    await Promise.all([expired.gets('live 3'), atHead.gets('live 3')]);
    await world.write(stream, ['the next']);
    await Promise.all([expired.gets(4), atHead.gets(4)]);

    expect(expired.got).toEqual(['CURSOR_EXPIRED 3', 'live 3', 4]);
    expect(atHead.got).toEqual(['live 3', 4]);
    for (const { abort } of [expired, atHead]) abort.abort();
  });
});
