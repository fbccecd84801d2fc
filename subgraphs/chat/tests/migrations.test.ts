import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { Channel } from '../entities/channel.ts';
import { CHAT_SUBGRAPH } from '../subgraph.ts';
import { openWorld } from './world.ts';

test('channels whose names look the same keep their names, and the oldest keeps the key', async () => {
  const world = await openWorld();
  const { orm } = world.subgraph;
  const { source } = world.infrastructure;
  const keys = async (projectId: string) =>
    (await orm.em.fork().find(Channel, { projectId }, { orderBy: { createdAt: 'asc' } })).map(
      ({ name, nameKey }) => [name, nameKey],
    );
  try {
    const { projectId } = await world.channel();
    await migrateDown(orm, source, testLog);
    for (const [day, name] of ['Plans', 'plans\u200B', 'Straße', 'notes'].entries()) {
      await orm.em.fork().insert(Channel, {
        id: randomUUID(),
        projectId,
        name,
        nameKey: name.toLowerCase(),
        createdAt: new Date(Date.UTC(2030, 0, day + 1)),
      });
    }

    await migrate(orm, source, testLog);

    expect((await keys(projectId)).slice(1)).toEqual([
      ['Plans', 'plans'],
      ['plans\u200B', expect.stringMatching(/^plans\n[0-9a-f-]{36}$/)],
      ['Straße', 'strasse'],
      ['notes', 'notes'],
    ]);
  } finally {
    await world.close();
  }
});

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
