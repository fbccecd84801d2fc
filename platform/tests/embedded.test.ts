import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openEmbeddedDatabase } from '../database/embedded.ts';
import { StartError } from '../process/service.ts';

let folder: string;
let writer: Awaited<ReturnType<typeof startWriter>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'team-board-embedded-'));
  writer = await startWriter();
});
afterAll(async () => {
  await writer.killAfter(0);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a process that opens the folder and prints `open`, then a number for each row that it has written. */
async function startWriter() {
  const script = `
    const { openEmbeddedDatabase } = await import(${JSON.stringify(new URL('../database/embedded.ts', import.meta.url).href)});
    const { pglite } = await openEmbeddedDatabase(process.argv[1]);
    await pglite.query('create table if not exists written (number int primary key)');
    console.log('open');
    for (let number = 1; ; number++) {
      await pglite.query('insert into written values ($1)', [number]);
      console.log(number);
    }`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return {
    pid: child.pid,
    /** Kills the process once that many rows were acknowledged. Returns all acknowledged numbers. */
    async killAfter(rows: number): Promise<number[]> {
      while (lines.length <= rows) await once(reader, 'line');
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return lines.slice(1).map(Number);
    },
  };
}

describe('the embedded database', () => {
  test('refuses a second process, with the id of the first one and what to do', async () => {
    const opening = openEmbeddedDatabase(folder);

    await expect(opening).rejects.toThrow(StartError);
    await expect(opening).rejects.toThrow(
      `${folder} is in use by another Team Board (process ${writer.pid}). Stop that one, or choose another folder: DATA_DIR=`,
    );
  });

  test('keeps every acknowledged row when its process is killed, and can then be opened', async () => {
    const acknowledged = await writer.killAfter(50);

    const { pglite, close } = await openEmbeddedDatabase(folder);

    const { rows } = await pglite.query<{ number: number }>('select number from written order by number');
    const kept = rows.map(({ number }) => number);
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
    expect(kept.slice(0, acknowledged.length)).toEqual(acknowledged);
    await close();
  });

  test('keeps its rows when it is closed and opened again', async () => {
    const first = await openEmbeddedDatabase(folder);
    await first.pglite.exec('create table kept (id int); insert into kept values (1)');
    await first.close();

    const second = await openEmbeddedDatabase(folder);
    expect((await second.pglite.query('select * from kept')).rows).toEqual([{ id: 1 }]);
    await second.close();
  });
});
