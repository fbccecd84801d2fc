import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Infrastructure } from '../subgraph/infrastructure.ts';
import { administer, createTestDatabase, form } from '../testing/infrastructure.ts';
import { aNote, Note, openWorld, SILENT_DOORBELL, type World } from './world.ts';

/** Defaults that an administrator may give a database. Each breaks something if it reaches a session of ours. */
const ODD_DEFAULTS = {
  DateStyle: `'German, DMY'`,
  IntervalStyle: `'sql_standard'`,
  TimeZone: `'Asia/Kathmandu'`,
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  client_min_messages: 'debug5',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
};

/** Only a server has defaults that somebody else chose. */
const describeServer = form === 'services' ? describe : describe.skip;

describeServer('a database with odd defaults', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let world: World;
  beforeAll(async () => {
    database = await createTestDatabase();
    for (const [name, value] of Object.entries(ODD_DEFAULTS))
      await administer(`alter database ${database.name} set ${name} = ${value}`);
    const source = {
      kind: 'server',
      url: database.url,
      connectionsMax: 4,
      statementTimeoutSeconds: 5,
    } as const;
    const infrastructure: Infrastructure = {
      ...{ source, doorbell: SILENT_DOORBELL, sweepSeconds: 60 },
      close: async () => undefined,
    };
    world = await openWorld({ infrastructure });
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  test.each(Object.keys(ODD_DEFAULTS))('does not change the %s of a session', async (name) => {
    const [row]: { reset_val: string; source: string }[] = await world
      .em()
      .execute('select reset_val, source from pg_settings where name = ?', [name]);
    expect(row?.source).toBe('client');
  });

  test('takes a migration, and gives rows back as they were written, times to the millisecond', async () => {
    const note = { ...aNote(`quotes ' " ? \\ \n`), writtenAt: new Date('2026-02-03T04:05:06.789Z') };

    await world.em().insert(Note, note);

    expect(await world.em().findOneOrFail(Note, { id: note.id })).toEqual(note);
    const found = await world.em().find(Note, { writtenAt: { $gte: note.writtenAt, $lte: note.writtenAt } });
    expect(found).toEqual([note]);
  });
});
