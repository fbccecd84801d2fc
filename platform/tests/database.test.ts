import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { databaseTime, isDatabaseReady, isUniqueViolation, openDatabase } from '../database/database.ts';
import type { Transaction } from '../event-log/transaction.ts';
import { openSubgraph, type Subgraph } from '../subgraph/subgraph.ts';
import { createTestDatabase, form, testLog } from '../testing/infrastructure.ts';
import { aNote, Note, openWorld, SILENT_DOORBELL, TESTS, type World } from './world.ts';

const SheetSchema = defineEntity({
  name: 'Sheet',
  tableName: 'sheet',
  properties: { id: p.uuid().primary() },
});
class Sheet extends SheetSchema.class {}
SheetSchema.setClass(Sheet);

class Migration0001Sheets extends Migration {
  override up(): void {
    this.addSql('create table annex.sheet (id uuid primary key)');
  }
}

let world: World;
let annex: Subgraph;
beforeAll(async () => {
  world = await openWorld();
  const migrations = [{ name: '0001-sheets', class: Migration0001Sheets }];
  const definition = { name: 'annex', entities: [Sheet], migrations, readers: [], locks: [] };
  annex = await openSubgraph(definition, world.infrastructure, testLog);
});
afterAll(async () => {
  await annex.close();
  await world.close();
});

const inSubgraph = <Result>(subgraph: Subgraph, work: (tx: Transaction) => Promise<Result>) =>
  subgraph.transact(TESTS, work);

test('two subgraphs of one process share neither transactions nor rows', async () => {
  const sheet = { id: randomUUID() };
  let inAnnex: Promise<unknown> | undefined;

  const inLab = inSubgraph(world.subgraph, async (tx) => {
    await tx.em.insert(Note, aNote('rolled back'));
    // Not awaited: the embedded database has one connection, so the annex runs after the lab.
    inAnnex = inSubgraph(annex, (other) => other.em.insert(Sheet, sheet));
    throw new Error('the lab rolls back');
  });

  await expect(inLab).rejects.toThrow('the lab rolls back');
  await inAnnex;
  expect(await annex.orm.em.fork().count(Sheet, sheet)).toBe(1);
  expect(await world.em().count(Note, { text: 'rolled back' })).toBe(0);
});

test('rows are read as they were written, times to the millisecond', async () => {
  const note = { ...aNote(`quotes ' " ? \\ 👩‍💻 \n`), writtenAt: new Date('2026-01-01T00:00:00.123Z') };
  await world.em().insert(Note, note);

  expect(await world.em().findOneOrFail(Note, { id: note.id })).toEqual(note);
});

test('a unique violation is recognised by the name of its constraint', async () => {
  const note = aNote('twice');
  await world.em().insert(Note, note);

  const error = await world
    .em()
    .insert(Note, note)
    .catch((failure: unknown) => failure);

  expect(isUniqueViolation(error, 'note_pkey')).toBe(true);
  expect(isUniqueViolation(error, 'another_constraint')).toBe(false);
  expect(isUniqueViolation(new Error('note_pkey'), 'note_pkey')).toBe(false);
});

test('the time of the database is the same throughout a transaction', async () => {
  const [first, second] = await world
    .em()
    .transactional(async (tx) => [await databaseTime(tx), await databaseTime(tx)] as const);

  expect(first).toEqual(second);
  expect(Math.abs(first.getTime() - Date.now())).toBeLessThan(60_000);
});

test('a database that cannot be reached is not ready', async () => {
  const orm = await openDatabase({
    schema: 'lab',
    entities: [],
    migrations: [],
    source: world.infrastructure.source,
    log: testLog,
  });
  expect(await isDatabaseReady(orm)).toBe(true);
  const away = await openDatabase({
    schema: 'lab',
    entities: [],
    migrations: [],
    source: {
      kind: 'server',
      url: 'postgres://nobody@127.0.0.1:9/none',
      connectionsMax: 2,
      statementTimeoutSeconds: 1,
    },
    log: testLog,
  });
  expect(await isDatabaseReady(away)).toBe(false);
  await Promise.all([orm.close(), away.close()]);
});

if (form === 'embedded') {
  test('while its folder has no space, an embedded database refuses writes, is not ready, and answers reads', async () => {
    const { source } = world.infrastructure;
    let problem: string | undefined;
    const full = await openWorld({
      infrastructure: {
        ...world.infrastructure,
        source: { ...source, writeProblem: () => problem } as typeof source,
        close: async () => undefined,
      },
    });
    const write = () => inSubgraph(full.subgraph, (tx) => tx.em.insert(Note, aNote('on a full disk')));
    await write();

    problem = 'The disk of .data has 3 MB free';
    await expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: problem });
    expect(await full.subgraph.isReady()).toBe(false);
    expect(await full.em().count(Note, { text: 'on a full disk' })).toBe(1);

    problem = undefined;
    await write();
    expect(await full.subgraph.isReady()).toBe(true);
    await full.close();
  });
}

if (form === 'services') {
  describe('a stuck statement', () => {
    const withTimeout = async (work: (world: { slow: Subgraph; quick: Subgraph }) => Promise<void>) => {
      const database = await createTestDatabase();
      const open = (statementTimeoutSeconds: number) =>
        openWorld({
          infrastructure: {
            source: { kind: 'server', url: database.url, connectionsMax: 4, statementTimeoutSeconds },
            doorbell: SILENT_DOORBELL,
            sweepSeconds: 60,
            close: async () => undefined,
          },
        });
      const [slow, quick] = [await open(30), await open(1)];
      await work({ slow: slow.subgraph, quick: quick.subgraph });
      await Promise.all([slow.close(), quick.close()]);
      await database.drop();
    };

    test('is ended by its timeout, and its connection can be used again', async () => {
      await withTimeout(async ({ quick }) => {
        const sleeping = quick.orm.em.fork().execute('select pg_sleep(20)');

        await expect(sleeping).rejects.toMatchObject({ code: '57014' });
        expect(await isDatabaseReady(quick.orm)).toBe(true);
      });
    });

    test('that waits for a lock is ended too, and the holder of the lock commits', async () => {
      await withTimeout(async ({ slow, quick }) => {
        const note = aNote('locked');
        await slow.orm.em.fork().insert(Note, note);
        const rename = (tx: Transaction, text: string) => tx.em.nativeUpdate(Note, { id: note.id }, { text });

        const locked = Promise.withResolvers<void>();
        const release = Promise.withResolvers<void>();
        const holding = inSubgraph(slow, async (tx) => {
          await rename(tx, 'by the holder');
          locked.resolve();
          await release.promise;
        });
        await locked.promise;

        const waiting = inSubgraph(quick, (tx) => rename(tx, 'by the other'));
        await expect(waiting).rejects.toMatchObject({ code: expect.stringMatching(/55P03|57014/) });
        release.resolve();
        await holding;

        expect(await slow.orm.em.fork().findOneOrFail(Note, { id: note.id })).toMatchObject({
          text: 'by the holder',
        });
      });
    });
  });
}
