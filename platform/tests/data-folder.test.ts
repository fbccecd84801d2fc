import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDataFolder } from '../database/data-folder.ts';
import { openEmbeddedDatabase } from '../database/embedded.ts';
import { StartError } from '../process/service.ts';
import { until } from '../testing/wait.ts';

const RESERVE = 64;
let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'team-board-folder-'));
  folder = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('the folder of an embedded database', () => {
  test('refuses a new database on a disk with too little space, and makes nothing', () => {
    mkdirSync(folder);

    const opening = () => openDataFolder(folder, RESERVE, () => 120);

    expect(opening).toThrow(StartError);
    expect(opening).toThrow(`The disk of ${folder} has 120 MB free; the database needs 164 MB.`);
    expect(existsSync(join(folder, 'postgresql'))).toBe(false);
  });

  test('refuses writes while its disk has less than the reserve, and takes them again afterwards', async () => {
    mkdirSync(folder);
    let free = 1_000;
    const { writeProblem } = openDataFolder(folder, RESERVE, () => free);
    expect(writeProblem()).toBeUndefined();

    free = 63;
    const problem = await until('the shortage is noticed', () => writeProblem());
    expect(problem).toContain(`The disk of ${folder} has 63 MB free, and 64 MB must stay free.`);

    free = 64;
    await until('the free space is noticed', () => writeProblem() === undefined);
  });

  test('refuses writes once it was removed or replaced', async () => {
    mkdirSync(folder);
    const { writeProblem, rows } = openDataFolder(folder, RESERVE, () => 1_000);

    renameSync(rows, `${rows}.moved`);
    expect(await until('the removal is noticed', () => writeProblem())).toContain('was removed');

    mkdirSync(rows);
    const replaced = () => writeProblem()?.includes('was replaced') === true;
    await until('the replacement is noticed', replaced);
  });

  test('is made anew when the first start was interrupted before it was whole', async () => {
    mkdirSync(folder);
    const { rows } = openDataFolder(folder, RESERVE);
    writeFileSync(join(rows, 'PG_VERSION'), '18\n'); // a part of what PostgreSQL makes

    const { pglite, close } = await openEmbeddedDatabase(folder);

    expect((await pglite.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await close();
  });

  test.each([
    ['a file', 'a part of the path is a file', () => writeFileSync(`${parent}/file`, ''), '/file/data'],
    ['a name that is too long', 'the name is too long', () => undefined, `/${'x'.repeat(300)}`],
  ])('cannot be %s: the reason is a sentence', async (_what, reason, arrange, path) => {
    arrange();

    const opening = openEmbeddedDatabase(parent + path);

    await expect(opening).rejects.toThrow(StartError);
    await expect(opening).rejects.toThrow(`cannot be used: ${reason}`);
  });

  test('that PostgreSQL cannot open is said in a sentence, and its files stay as they are', async () => {
    const rows = join(folder, 'postgresql');
    mkdirSync(rows, { recursive: true });
    writeFileSync(join(rows, 'PG_VERSION'), '18\n');

    await expect(openEmbeddedDatabase(folder)).rejects.toThrow(
      new RegExp(`The database in ${folder} cannot be opened \\(.*\\). Restore the folder`),
    );

    expect(existsSync(join(rows, 'PG_VERSION'))).toBe(true);
  });
});
