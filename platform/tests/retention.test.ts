import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import { readEvents, readHeads } from '../event-log/event-log.ts';
import { once } from '../event-log/idempotency.ts';
import { follower, on, projection, type Reader, startReaders } from '../event-log/readers.ts';
import { type RetentionOptions, removeExpired, startRetention } from '../event-log/retention.ts';
import { form, testLog } from '../testing/infrastructure.ts';
import { countStatements } from '../testing/statements.ts';
import { until } from '../testing/wait.ts';
import { follow, upTo } from './following.ts';
import {
  aPerson,
  aStream,
  LAB_DATABASE,
  NoteWritten,
  numbered,
  openWorld,
  SILENT_DOORBELL,
  TESTS,
  type World,
} from './world.ts';

class Migration0002Visits extends Migration {
  override up(): void {
    this.addSql('create table lab.visit (id int primary key, visited_at timestamptz(3) not null)');
    this.addSql('create index visit_age on lab.visit (visited_at)');
  }
}

let world: World;
beforeAll(async () => {
  const migrations = [...LAB_DATABASE.migrations, { name: '0002-visits', class: Migration0002Visits }];
  world = await openWorld({ database: { ...LAB_DATABASE, migrations } });
});
afterEach(async () => {
  await execute(
    'truncate log.stream, log.event, log.reader, log.reader_position, log.idempotency, lab.visit',
  );
});
afterAll(() => world.close());

const execute = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  world.em().execute(sql, values);

const options = (changes: Partial<RetentionOptions> = {}): RetentionOptions => ({
  name: 'lab',
  orm: world.subgraph.orm,
  transact: world.subgraph.transact,
  log: testLog,
  config: { RETENTION_EVENTS_DAYS: 90, RETENTION_IDEMPOTENCY_HOURS: 24 },
  rules: [],
  ...changes,
});
const remove = (changes?: Partial<RetentionOptions>) => removeExpired(options(changes));

/** Moves the clock for the events of a stream, up to a position: they become a number of days older. */
const age = (stream: string, seq: number, days: number) =>
  execute(
    'update log.event set created_at = created_at - make_interval(days => ?) where stream = ? and seq <= ?',
    [days, stream, seq],
  );

/** A stream of events, of which those up to `old` are 91 days old. */
async function aStreamWith({ events, old }: { events: number; old: number }): Promise<string> {
  const stream = aStream();
  await world.write(stream, numbered(events));
  await age(stream, old, 91);
  return stream;
}
const kept = async (stream: string) =>
  (await readEvents(world.em(), stream, 0, 10_000)).map(({ seq }) => seq);

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
    const stream = await aStreamWith({ events: 5, old: 3 });

    expect(await remove()).toMatchObject({ events: 3 });

    expect(await kept(stream)).toEqual([4, 5]);
    await world.write(stream, ['the next']);
    expect(await kept(stream)).toEqual([4, 5, 6]);
  });

  test('may all be removed: the stream remembers its head', async () => {
    const stream = await aStreamWith({ events: 3, old: 3 });

    await remove();

    expect(await kept(stream)).toEqual([]);
    expect(await readHeads(world.em(), [stream])).toEqual([{ stream, seq: 3 }]);
    await world.write(stream, ['the next']);
    expect(await kept(stream)).toEqual([4]);
  });

  test('of one day less than the setting are kept', async () => {
    const stream = aStream();
    await world.write(stream, ['a note']);
    await age(stream, 1, 89);

    expect(await remove()).toMatchObject({ events: 0 });
    expect(await kept(stream)).toEqual([1]);
  });

  test('behind a younger event are kept, so that no stream has a gap', async () => {
    const stream = await aStreamWith({ events: 5, old: 5 });
    await execute('update log.event set created_at = now() where stream = ? and seq = 3', [stream]);

    await remove();

    expect(await kept(stream)).toEqual([3, 4, 5]);
  });

  test('of many are removed in batches of 1,000', async () => {
    const stream = await aStreamWith({ events: 2_500, old: 2_400 });

    const { result, statements } = await countStatements(world.subgraph.orm, () => remove());

    expect(result).toMatchObject({ events: 2_400 });
    expect(await kept(stream)).toEqual(upTo(2_500).slice(2_400));
    expect(statements.filter((statement) => statement.includes('delete from log.event'))).toHaveLength(3);
  });

  test('that a reader has not read yet are kept', async () => {
    const stream = await aStreamWith({ events: 4, old: 2 });
    await read(projection('lab.quick', []), projection('lab.slow', []));
    await execute(`update log.reader_position set seq = 1 where reader = 'lab.slow'`);
    await age(stream, 4, 91);

    await remove();
    expect(await kept(stream)).toEqual([2, 3, 4]);

    await read(projection('lab.slow', []));
    await remove();
    expect(await kept(stream)).toEqual([]);
  });

  test('are all kept while a reader has read nothing of their stream, and the log names the reader', async () => {
    const stream = await aStreamWith({ events: 2, old: 2 });
    await execute(`insert into log.reader (name) values ('lab.retired')`);
    const warnings: unknown[] = [];
    const log = { ...testLog, warn: (...record: unknown[]) => warnings.push(record) } as never;

    await remove({ log });

    expect(await kept(stream)).toEqual([1, 2]);
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
    await age(stream, 1, 91);
    await remove();
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
    const stream = await aStreamWith({ events: 5, old: 3 });
    await remove();

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
    const stream = await aStreamWith({ events: 3, old: 3 });
    await remove();

    const [expired, atHead] = [follow(world.subgraph.hub, stream, 2), follow(world.subgraph.hub, stream, 3)];
    await Promise.all([expired.gets('live 3'), atHead.gets('live 3')]);
    await world.write(stream, ['the next']);
    await Promise.all([expired.gets(4), atHead.gets(4)]);

    expect(expired.got).toEqual(['CURSOR_EXPIRED 3', 'live 3', 4]);
    expect(atHead.got).toEqual(['live 3', 4]);
    for (const { abort } of [expired, atHead]) abort.abort();
  });
});

describe('idempotency keys', () => {
  test('that are older than the setting are removed, younger ones are kept', async () => {
    const [old, young] = [randomUUID(), randomUUID()];
    for (const key of [old, young]) {
      const call = { verb: 'noteWrite', key, input: {} };
      await world.subgraph.transact(aPerson(), (tx) => once(tx, call, async () => randomUUID()));
    }
    await execute(`update log.idempotency set created_at = now() - interval '25 hours' where key = ?`, [old]);

    expect(await remove()).toMatchObject({ idempotencyKeys: 1 });

    expect(await execute('select key from log.idempotency')).toEqual([{ key: young }]);
  });
});

describe("a subgraph's own rows", () => {
  const VISITS = { table: 'visit', timeColumn: 'visited_at', days: 30 };
  beforeEach(() =>
    execute(`insert into lab.visit (id, visited_at) select n, now() - make_interval(days => n)
             from generate_series(1, 60) as n`),
  );
  const visits = async () => (await execute('select id from lab.visit order by id')).map(({ id }) => id);

  test('are removed by its rules, each after its own days', async () => {
    expect(await remove({ rules: [VISITS] })).toMatchObject({ visit: 31 });
    expect(await visits()).toEqual(upTo(29));
  });

  test('are kept without a rule', async () => {
    await remove();
    expect(await visits()).toEqual(upTo(60));
  });

  test('are removed in batches of 1,000, until the signal is aborted', async () => {
    await execute(`insert into lab.visit (id, visited_at)
                   select n, now() - interval '1 year' from generate_series(61, 2560) as n`);
    const abort = new AbortController();
    const transact: RetentionOptions['transact'] = async (actor, work) => {
      const result = await world.subgraph.transact(actor, work);
      if (result === 1_000) abort.abort();
      return result;
    };

    const removed = await removeExpired(options({ rules: [VISITS], transact }), abort.signal);

    expect(removed).toMatchObject({ visit: 1_000 });
  });
});

describe('the job', () => {
  test('removes what has expired as soon as it starts', async () => {
    const stream = await aStreamWith({ events: 2, old: 1 });

    const retention = startRetention(options());
    await until('the old event is gone', async () => (await kept(stream)).length === 1);

    await retention.close();
  });

  test('of several processes at once removes every row once', async () => {
    const stream = await aStreamWith({ events: 2_500, old: 2_500 });

    const removed = await Promise.all([remove(), remove(), remove()]);
    await remove();

    expect(await kept(stream)).toEqual([]);
    expect(removed.reduce((sum, { events }) => sum + events!, 0)).toBeLessThanOrEqual(2_500);
  });

  if (form === 'services') {
    test('does not wait for a row that another transaction has locked', async () => {
      await execute(`insert into lab.visit (id, visited_at) values (1, now() - interval '1 year'),
                     (2, now() - interval '1 year')`);
      const removed = await world.subgraph.transact(TESTS, async ({ em }) => {
        await em.execute('select 1 from lab.visit where id = 1 for update');
        return remove({ rules: [{ table: 'visit', timeColumn: 'visited_at', days: 30 }] });
      });

      expect(removed).toMatchObject({ visit: 1 });
    });

    test('leaves the log to another process that is at it', async () => {
      const stream = await aStreamWith({ events: 1, old: 1 });
      const holding = await world.subgraph.transact(TESTS, async ({ em }) => {
        await em.execute('select pg_advisory_xact_lock(7366091846)');
        return remove();
      });

      expect(holding).toMatchObject({ events: 0 });
      expect(await kept(stream)).toEqual([1]);
    });
  }
});
