import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, form } from '../platform/testing/infrastructure.ts';
import { SUBGRAPHS } from '../schema/sdl.ts';

const SCRIPT = fileURLToPath(new URL('../scripts/migrate.ts', import.meta.url));

/** Runs the script as `npm run migrate` does. */
const migrate = (words: string[], environment: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [SCRIPT, ...words],
      { env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', ...environment } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout: stdout.trim(), stderr }),
    );
  });

describe('npm run migrate', () => {
  test.each([
    [[], 'There is no command (none was given).'],
    [['sideways', 'agents'], 'There is no command sideways.'],
    [['up'], 'There is no schema (none was given).'],
    [['up', 'billing'], 'There is no schema billing.'],
    [['up', 'agents', 'chat'], 'chat is one word too many.'],
    [['up', 'agents', '--to', '0001-agents'], '--to belongs to down.'],
    [['down', 'agents', '--force'], "Unknown option '--force'"],
  ])('%j prints the problem and the usage', async (words, problem) => {
    const { code, stdout, stderr } = await migrate(words, {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    });

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(problem);
    expect(stderr).toContain('Usage: npm run migrate -- <command> <schema>');
    expect(stderr).not.toContain('    at ');
  });

  test('names the missing setting when there is no database', async () => {
    const { code, stderr } = await migrate(['status', 'agents']);

    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_URL is not set.');
  });
});

if (form === 'services') {
  describe('npm run migrate on a server', () => {
    let database: Awaited<ReturnType<typeof createTestDatabase>>;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.drop());
    const onServer = (...words: string[]) => migrate(words, { DATABASE_URL: database.url });

    test.each(SUBGRAPHS)(
      'applies the migrations of the %s subgraph, takes the newest back, applies it again, and prints the state',
      async (subgraph) => {
        const first = await onServer('status', subgraph);
        const names = first.stdout.split('\n').map((line) => line.replace('pending     ', ''));
        const all = (word: string) => names.map((name) => `${word.padEnd(12)}${name}`).join('\n');
        expect(first).toEqual({ code: 0, stdout: all('pending'), stderr: '' });
        expect(names[0]).toMatch(/^0001-/);

        expect(await onServer('up', subgraph)).toMatchObject({ code: 0, stdout: all('applied') });
        const newest = names.at(-1)!;
        const { stdout } = await onServer('down', subgraph);
        expect(stdout.split('\n')).toEqual(
          expect.arrayContaining([`reverted    ${newest}`, `pending     ${newest}`]),
        );
        expect(await onServer('up', subgraph)).toMatchObject({ code: 0, stdout: all('applied') });
      },
    );

    test('in two processes at the same time succeeds in both with the same result', async () => {
      await onServer('down', 'projects');

      const both = await Promise.all([onServer('up', 'projects'), onServer('up', 'projects')]);

      expect(both.map(({ code }) => code)).toEqual([0, 0]);
      expect(both[0]?.stdout).toBe(both[1]?.stdout);
    });

    test('takes no migration back when the name was never applied', async () => {
      await onServer('up', 'projects');

      const { code, stderr } = await onServer('down', 'projects', '--to', '0000-typo');

      expect([code, stderr.trim()]).toEqual([
        1,
        expect.stringMatching(/^0000-typo is not applied\. These are: 0001-/),
      ]);
      expect((await onServer('status', 'projects')).stdout).not.toContain('pending');
    });
  });
}
