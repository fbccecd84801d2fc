import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { userStream } from '../../../schema/events/projects.ts';
import { PROJECTS_SUBGRAPH } from '../subgraph.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

test('the migrations go back to nothing, and forward again to the same tables', async () => {
  const { orm } = world.subgraph;
  const { source } = world.infrastructure;
  const columns = (): Promise<{ name: string }[]> =>
    orm.em.fork().execute(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'projects' and table_name <> 'migration' order by name`,
    );
  const before = await columns();

  for (const { name } of PROJECTS_SUBGRAPH.migrations.toReversed()) {
    expect(await migrateDown(orm, source, testLog)).toEqual([name]);
  }
  expect(await columns()).toEqual([]);
  await migrate(orm, source, testLog);

  expect(before.length).toBeGreaterThan(8);
  expect(await columns()).toEqual(before);
});

test('a person who signed in before the event existed is published once', async () => {
  const { orm } = world.subgraph;
  const { source } = world.infrastructure;
  const em = orm.em.fork();
  const ada = await world.signedIn('Ada');
  const [old]: { id: string }[] = await em.execute(
    `insert into projects.app_user (id, display_name) values (gen_random_uuid(), 'Old') returning id`,
  );

  for (let time = 1; time <= 2; time++) {
    await migrateDown(orm, source, testLog, '0001-projects');
    await migrate(orm, source, testLog);
  }

  expect(await world.events(userStream(old!.id))).toMatchObject([
    { seq: 1, subject: old!.id, payload: { userId: old!.id, displayName: 'Old', avatarUrl: null } },
  ]);
  expect(await world.events(userStream(ada.id))).toHaveLength(1);
});
