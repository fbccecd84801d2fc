import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { MigrationList } from '../database/database.ts';
import { openDatabase } from '../database/database.ts';
import { migrate, migrateDown, readMigrations } from '../database/migrate.ts';
import { StartError } from '../process/service.ts';
import type { Infrastructure } from '../subgraph/infrastructure.ts';
import { form, openTestInfrastructure, testLog } from '../testing/infrastructure.ts';
import { LAB_DATABASE } from './world.ts';

class Migration0002Index extends Migration {
  override up(): void {
    this.addSql('create index note_by_rank on lab.note (rank)');
  }

  override down(): void {
    this.addSql('drop index lab.note_by_rank');
  }
}

class Migration0003Broken extends Migration {
  override up(): void {
    this.addSql('create table lab.half_done (id int)');
    this.addSql('create table lab.note (id int)');
  }
}

const TWO: MigrationList = [...LAB_DATABASE.migrations, { name: '0002-index', class: Migration0002Index }];

let infrastructure: Infrastructure;
const opened: MikroORM[] = [];
beforeAll(async () => {
  infrastructure = await openTestInfrastructure();
});
afterEach(async () => {
  const [orm] = opened;
  await orm?.em.fork().execute('drop schema log, access, lab cascade');
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
afterAll(() => infrastructure.close());

async function open(migrations = TWO): Promise<MikroORM> {
  const { source } = infrastructure;
  const orm = await openDatabase({ ...LAB_DATABASE, schema: 'lab', migrations, source, log: testLog });
  opened.push(orm);
  return orm;
}
const up = (orm: MikroORM) => migrate(orm, infrastructure.source, testLog);
const down = (orm: MikroORM, to?: string) => migrateDown(orm, infrastructure.source, testLog, to);

/** Every column, index and constraint of our schemas, as texts. */
const catalog = (orm: MikroORM): Promise<unknown[]> =>
  orm.em.fork().execute(`
    select 'column' as kind, format('%s.%s.%s %s %s %s', table_schema, table_name, column_name,
      data_type, is_nullable, column_default) as text
    from information_schema.columns where table_schema in ('log', 'access', 'lab')
    union all select 'index', indexdef from pg_indexes where schemaname in ('log', 'access', 'lab')
    union all select 'constraint', format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace::regnamespace::text in ('log', 'access', 'lab')
    order by kind, text`);

describe('migrations', () => {
  test('bring an empty database up to date, and change nothing when they run again', async () => {
    const orm = await open();

    await up(orm);
    const once = await catalog(orm);
    await up(orm);

    expect(await readMigrations(orm)).toEqual({ applied: ['0001-notes', '0002-index'], pending: [] });
    expect(await catalog(orm)).toEqual(once);
    expect(JSON.stringify(once)).toContain('note_by_rank');
  });

  test('bring a database with older migrations up to date', async () => {
    await up(await open(LAB_DATABASE.migrations));
    const orm = await open();
    expect(await readMigrations(orm)).toEqual({ applied: ['0001-notes'], pending: ['0002-index'] });

    await up(orm);

    expect(await readMigrations(orm)).toEqual({ applied: ['0001-notes', '0002-index'], pending: [] });
  });

  test('that fail leave nothing behind, and can be run again once they are corrected', async () => {
    const orm = await open([...TWO, { name: '0003-broken', class: Migration0003Broken }]);

    await expect(up(orm)).rejects.toThrow('already exists');

    expect(JSON.stringify(await catalog(orm))).not.toContain('half_done');
    const repaired = await open();
    await up(repaired);
    expect(await readMigrations(repaired)).toMatchObject({ pending: [] });
  });

  if (form === 'services') {
    test('of processes that start together are applied once, and all processes succeed', async () => {
      const orms = await Promise.all([1, 2, 3, 4].map(() => open()));

      await Promise.all(orms.map(up));

      const rows = await orms[0]!.em.fork().execute('select name from lab.migration order by id');
      expect(rows).toEqual([{ name: '0001-notes' }, { name: '0002-index' }]);
    });
  }
});

describe('reverting', () => {
  test('reverts the newest, and migrating again leaves the same catalog', async () => {
    const orm = await open();
    await up(orm);
    const before = await catalog(orm);

    expect(await down(orm)).toEqual(['0002-index']);
    expect(JSON.stringify(await catalog(orm))).not.toContain('note_by_rank');
    expect(await down(orm)).toEqual(['0001-notes']);
    expect(await down(orm)).toEqual([]);
    await up(orm);

    expect(await catalog(orm)).toEqual(before);
  });

  test('to a migration keeps that migration', async () => {
    const orm = await open();
    await up(orm);

    expect(await down(orm, '0001-notes')).toEqual(['0002-index']);
    expect(await readMigrations(orm)).toEqual({ applied: ['0001-notes'], pending: ['0002-index'] });
  });

  test('to a name that was never applied reverts nothing', async () => {
    const orm = await open();
    await up(orm);

    await expect(down(orm, '0001-nots')).rejects.toThrow(
      new StartError('0001-nots is not applied. These are: 0001-notes, 0002-index'),
    );
    expect(await readMigrations(orm)).toMatchObject({ pending: [] });
  });
});
