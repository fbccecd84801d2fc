import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { MikroORM } from '@mikro-orm/postgresql';
import { openDatabase } from '../database/database.ts';
import { Migration0001Log } from '../database/migrations/0001-log.ts';
import { Migration0002ActorsAndReaders } from '../database/migrations/0002-actors-and-readers.ts';
import { readEvents } from '../event-log/event-log.ts';
import { referenceTo } from '../identity/actor.ts';
import type { Infrastructure } from '../subgraph/infrastructure.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { openTestInfrastructure, testLog } from '../testing/infrastructure.ts';

const FIRST = { name: '0001-log', class: Migration0001Log };
const SECOND = { name: '0002-actors-and-readers', class: Migration0002ActorsAndReaders };

let infrastructure: Infrastructure;
let orm: MikroORM;
beforeAll(async () => {
  infrastructure = await openTestInfrastructure();
});
beforeEach(async () => {
  const { source } = infrastructure;
  orm = await openDatabase({
    schema: 'log',
    entities: [],
    migrations: [FIRST, SECOND],
    source,
    log: testLog,
  });
});
afterEach(async () => {
  await execute('drop schema log, access cascade');
  await orm.close();
});
afterAll(() => infrastructure.close());

const execute = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  orm.em.fork().execute(sql, values);

/** Writes an event as the text or the JSON of its actor. */
const insertEvent = (seq: number, actor: string) =>
  execute(
    `insert into log.event (stream, seq, id, type, subject, actor, payload)
     values ('project:p', ?, ?, 'lab.note-written.v1', ?, ?, '{"text":"a note"}')`,
    [seq, randomUUID(), randomUUID(), actor],
  );
const insertStream = () => execute(`insert into log.stream (stream, last_seq) values ('project:p', 3)`);

const columns = () =>
  execute(`select table_name, column_name, data_type, is_nullable from information_schema.columns
           where table_schema in ('log', 'access') and table_name <> 'migration' order by 1, 2`);

describe('the migration to actors and readers', () => {
  test('brings rows of the old shape forward: actors by kind, positions and keys as they were', async () => {
    await orm.migrator.up({ to: FIRST.name });
    await insertStream();
    const ada = aPerson();
    for (const [index, actor] of [ada.id, 'consumer:tasks', 'reaper'].entries())
      await insertEvent(index + 1, actor);
    await execute(`insert into log.consumer (name, stream, seq) values ('tasks', 'project:p', 2)`);
    await execute(
      `insert into log.idempotency (actor, operation, key, request_sha256) values (?, 'taskCreate', 'k', 'abc')`,
      [ada.id],
    );

    await orm.migrator.up();

    expect((await readEvents(orm.em.fork(), 'project:p', 0, 10)).map(({ actor }) => actor)).toEqual([
      { kind: 'person', id: ada.id },
      { kind: 'system', part: 'consumer:tasks' },
      { kind: 'system', part: 'reaper' },
    ]);
    expect(await execute('select reader, stream, seq::int as seq from log.reader_position')).toEqual([
      { reader: 'tasks', stream: 'project:p', seq: 2 },
    ]);
    expect(await execute('select actor, verb, key, request_sha256 from log.idempotency')).toEqual([
      { actor: ada.id, verb: 'taskCreate', key: 'k', request_sha256: 'abc' },
    ]);
    expect(await execute('select name from log.reader')).toEqual([]);
  });

  test('goes back with the rows: an event of an agent becomes one of its person', async () => {
    await orm.migrator.up();
    await insertStream();
    const ada = aPerson();
    const actors = [ada, agentInRun({ onBehalfOf: ada }), { kind: 'system', part: 'agents.reaper' } as const];
    for (const [index, actor] of actors.entries())
      await insertEvent(index + 1, JSON.stringify(referenceTo(actor)));
    await execute(`insert into log.reader_position (reader, stream, seq) values ('tasks', 'project:p', 2)`);

    await orm.migrator.down();

    expect(await execute('select actor from log.event order by seq')).toEqual([
      { actor: ada.id },
      { actor: ada.id },
      { actor: 'agents.reaper' },
    ]);
    expect(await execute('select name, seq::int as seq from log.consumer')).toEqual([
      { name: 'tasks', seq: 2 },
    ]);
  });

  test('leaves the same columns when it goes back, and when it comes forward again', async () => {
    await orm.migrator.up({ to: FIRST.name });
    const first = await columns();
    await orm.migrator.up();
    const second = await columns();

    await orm.migrator.down();
    expect(await columns()).toEqual(first);
    await orm.migrator.up();
    expect(await columns()).toEqual(second);
  });
});
