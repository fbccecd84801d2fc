import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MikroORM } from '@mikro-orm/postgresql';
import { openDatabase } from '../../../platform/database/database.ts';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import type { Infrastructure } from '../../../platform/subgraph/infrastructure.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { TASKS_DATABASE } from '../database.ts';

let infrastructure: Infrastructure;
let orm: MikroORM;
beforeAll(async () => {
  infrastructure = await openTestInfrastructure();
  const { source } = infrastructure;
  orm = await openDatabase({ schema: 'tasks', ...TASKS_DATABASE, source, log: testLog });
});
afterAll(async () => {
  await orm.close();
  await infrastructure.close();
});

const up = () => migrate(orm, infrastructure.source, testLog);
const down = () => migrateDown(orm, infrastructure.source, testLog);
const downTo = (name: string) => migrateDown(orm, infrastructure.source, testLog, name);
const run = <Row extends object>(statement: string, parameters: unknown[] = []) =>
  orm.em.fork().execute<Row[]>(statement, parameters);

/** The position of each reader in each stream, as `<reader> <stream> <position>`. */
async function positions(): Promise<string[]> {
  const rows = await run<{ line: string }>(
    `select concat_ws(' ', reader, stream, seq) as line from log.reader_position order by 1`,
  );
  return rows.map(({ line }) => line);
}
async function readers(): Promise<string[]> {
  const rows = await run<{ name: string }>('select name from log.reader order by 1');
  return rows.map(({ name }) => name);
}

/** Two tasks in a project, of which the first waits for the second. */
async function insertDependency(): Promise<void> {
  const [project, column, first, second] = [1, 2, 3, 4].map(() => randomUUID());
  await run(`insert into tasks.known_project (id, key, last_number) values (?, 'OLD', 2)`, [project]);
  await run(
    `insert into tasks.board_column (id, project_id, name, category, rank) values (?, ?, 'To do', 'TODO', 'a')`,
    [column, project],
  );
  for (const [index, id] of [first, second].entries()) {
    await run(
      `insert into tasks.task (id, project_id, number, ref, column_id, rank, title, checklist, priority,
         reporter_id, created_at, updated_at)
       values (?, ?, ?, ?, ?, ?, 'A task', '[]', 'NONE', ?, now(), now())`,
      [id, project, index + 1, `OLD-${index + 1}`, column, `a${index}`, randomUUID()],
    );
  }
  await run('insert into tasks.dependency (task_id, blocked_by_id) values (?, ?)', [first, second]);
}

describe('the migration to named readers', () => {
  test('hands over nothing on a new database', async () => {
    await up();

    expect([await positions(), await readers()]).toEqual([[], []]);
  });

  test('gives both new readers the position of the former one, and lists dependencies by number', async () => {
    await downTo('0001-tasks');
    await insertDependency();
    await run(`insert into log.stream (stream, last_seq) values ('project:a', 9), ('project:b', 9)`);
    await run(`insert into log.reader_position (reader, stream, seq)
      values ('tasks', 'project:a', 3), ('tasks', 'project:b', 4), ('chat', 'project:a', 9)`);

    await up();

    expect(await positions()).toEqual([
      'chat project:a 9',
      'tasks.boards project:a 3',
      'tasks.boards project:b 4',
      'tasks.runs project:a 3',
      'tasks.runs project:b 4',
    ]);
    expect(await readers()).toEqual(['tasks.boards', 'tasks.runs']);
    expect(await run('select blocker_number from tasks.dependency')).toEqual([{ blocker_number: 2 }]);
  });

  test('goes back to one reader, which repeats rather than leaves out', async () => {
    await run(
      `update log.reader_position set seq = 7 where reader = 'tasks.boards' and stream = 'project:a'`,
    );
    await run(`delete from log.reader_position where reader = 'tasks.runs' and stream = 'project:b'`);

    await downTo('0001-tasks');

    expect(await positions()).toEqual(['chat project:a 9', 'tasks project:a 3']);
    expect(await readers()).toEqual([]);
  });
});

test('all migrations go back to an empty schema and forward again', async () => {
  const tables = async () => {
    const rows = await run<{ table_name: string }>(
      `select table_name from information_schema.tables
       where table_schema = 'tasks' and table_name <> 'migration' order by 1`,
    );
    return rows.map(({ table_name }) => table_name);
  };
  await up();
  const before = await tables();

  for (const { name } of TASKS_DATABASE.migrations.toReversed()) expect(await down()).toEqual([name]);
  expect(await tables()).toEqual([]);
  await up();
  expect(await tables()).toEqual(before);
});
