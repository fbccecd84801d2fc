import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MikroORM } from '@mikro-orm/postgresql';
import { openDatabase } from '../database/database.ts';
import { createTestDatabase, form, testLog } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';

const CONNECTIONS_MAX = 2;
const CUT_OFF = 'select pg_terminate_backend(pg_backend_pid())';

/** Only a server can end a connection. */
const describeServer = form === 'services' ? describe : describe.skip;

describeServer('a connection that the server ends', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let orm: MikroORM;
  beforeAll(async () => {
    database = await createTestDatabase();
    const source = {
      kind: 'server',
      url: database.url,
      connectionsMax: CONNECTIONS_MAX,
      statementTimeoutSeconds: 5,
    } as const;
    orm = await openDatabase({ schema: 'log', entities: [], migrations: [], source, log: testLog });
  });
  afterAll(async () => {
    await orm.close(true);
    await database.drop();
  });

  test('within a transaction is replaced, also when it happens more often than there are connections', async () => {
    for (let times = 0; times < 3 * CONNECTIONS_MAX; times++) {
      await expect(orm.em.fork().transactional((tx) => tx.execute(CUT_OFF))).rejects.toThrow();
    }
    const answers = await until('there is a connection', () => orm.em.fork().execute('select 1 as one'));
    expect(answers).toEqual([{ one: 1 }]);
  });
});
