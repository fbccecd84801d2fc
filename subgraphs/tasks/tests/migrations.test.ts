import { expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { openWorld } from './world.ts';

test('the tables can be taken back and made again', async () => {
  const world = await openWorld();
  const { source } = world.infrastructure;
  const tables = async () => {
    const rows: { table_name: string }[] = await world
      .em()
      .execute(`select table_name from information_schema.tables where table_schema = 'tasks' order by 1`);
    return rows.map(({ table_name }) => table_name).filter((name) => name !== 'migration');
  };
  try {
    const before = await tables();

    expect(await migrateDown(world.subgraph.orm, source, testLog)).toEqual(['0001-tasks']);
    expect(await tables()).toEqual([]);
    await migrate(world.subgraph.orm, source, testLog);
    expect(await tables()).toEqual(before);
  } finally {
    await world.close();
  }
});
