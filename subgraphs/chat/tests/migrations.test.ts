import { expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { CHAT_SUBGRAPH } from '../subgraph.ts';
import { openWorld } from './world.ts';

test('the migrations go back to nothing, and forward again to the same tables', async () => {
  const world = await openWorld();
  const { orm } = world.subgraph;
  const { source } = world.infrastructure;
  const columns = (): Promise<{ name: string }[]> =>
    orm.em.fork().execute(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'chat' and table_name <> 'migration' order by name`,
    );
  try {
    const before = await columns();

    for (const { name } of CHAT_SUBGRAPH.migrations.toReversed()) {
      expect(await migrateDown(orm, source, testLog)).toEqual([name]);
    }
    expect(await columns()).toEqual([]);
    await migrate(orm, source, testLog);

    expect(before.length).toBeGreaterThan(10);
    expect(await columns()).toEqual(before);
  } finally {
    await world.close();
  }
});
