import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import { type RetentionOptions, removeExpired, startRetention } from '../event-log/retention.ts';
import { aPerson } from '../testing/actors.ts';
import { form } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';
import { retentionOf } from './aging.ts';
import { upTo } from './following.ts';
import { LAB_DATABASE, openWorld, TESTS, type World } from './world.ts';

class Migration0002Visits extends Migration {
  override up(): void {
    this.addSql('create table lab.visit (id int primary key, visited_at timestamptz(3) not null)');
    this.addSql('create index visit_age on lab.visit (visited_at)');
  }
}

let world: World;
let retention: ReturnType<typeof retentionOf>;
beforeAll(async () => {
  const migrations = [...LAB_DATABASE.migrations, { name: '0002-visits', class: Migration0002Visits }];
  world = await openWorld({ database: { ...LAB_DATABASE, migrations } });
  retention = retentionOf(world);
});
afterEach(async () => {
  await execute('truncate log.stream, log.idempotency, lab.visit cascade');
});
afterAll(() => world.close());

const execute = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  world.em().execute(sql, values);

describe('idempotency keys', () => {
  test('that are older than the setting are removed, younger ones are kept', async () => {
    const [old, young] = [randomUUID(), randomUUID()];
    for (const key of [old, young]) {
      const call = { verb: 'noteWrite', key, input: {} };
      await world.subgraph.transact(aPerson(), async () => undefined, call);
    }
    await execute(`update log.idempotency set created_at = now() - interval '25 hours' where key = ?`, [old]);

    expect(await retention.remove()).toMatchObject({ idempotencyKeys: 1 });

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
    expect(await retention.remove({ rules: [VISITS] })).toMatchObject({ visit: 31 });
    expect(await visits()).toEqual(upTo(29));
  });

  test('are kept without a rule', async () => {
    await retention.remove();
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

    const removed = await removeExpired(retention.options({ rules: [VISITS], transact }), abort.signal);

    expect(removed).toMatchObject({ visit: 1_000 });
  });
});

describe('the job', () => {
  test('removes what has expired as soon as it starts', async () => {
    const stream = await retention.writeStream({ events: 2, old: 1 });

    const job = startRetention(retention.options());
    await until('the old event is gone', async () => (await retention.kept(stream)).length === 1);

    await job.close();
  });

  test('of several processes at once removes every row once', async () => {
    const stream = await retention.writeStream({ events: 2_500, old: 2_500 });

    const removed = await Promise.all([retention.remove(), retention.remove(), retention.remove()]);
    await retention.remove();

    expect(await retention.kept(stream)).toEqual([]);
    expect(removed.reduce((sum, { events }) => sum + events!, 0)).toBeLessThanOrEqual(2_500);
  });

  if (form === 'services') {
    test('does not wait for a row that another transaction has locked', async () => {
      await execute(`insert into lab.visit (id, visited_at) values (1, now() - interval '1 year'),
                     (2, now() - interval '1 year')`);
      const removed = await world.subgraph.transact(TESTS, async ({ em }) => {
        await em.execute('select 1 from lab.visit where id = 1 for update');
        return retention.remove({ rules: [{ table: 'visit', timeColumn: 'visited_at', days: 30 }] });
      });

      expect(removed).toMatchObject({ visit: 1 });
    });

    test('leaves the log to another process that works on it', async () => {
      const stream = await retention.writeStream({ events: 1, old: 1 });
      const removed = await world.subgraph.transact(TESTS, async ({ em }) => {
        await em.execute("select pg_advisory_xact_lock(hashtextextended('log.retention', 0))");
        return retention.remove();
      });

      expect(removed).toMatchObject({ events: 0 });
      expect(await retention.kept(stream)).toEqual([1]);
    });
  }
});
