import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, form } from '../platform/testing/infrastructure.ts';
import { SUBGRAPHS } from '../schema/sdl.ts';

const SCRIPT = fileURLToPath(new URL('../scripts/migrate.ts', import.meta.url));

/** Runs the script as `npm run migrate` does. */
const migrate = (words: string[], environment: Record<string, string> = {}) =>
  new Promise<{ code: number; said: string; complained: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [SCRIPT, ...words],
      { env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', ...environment } },
      (_error, said, complained) => resolve({ code: child.exitCode ?? -1, said: said.trim(), complained }),
    );
  });

describe('npm run migrate', () => {
  test.each([
    [[], 'There is no command (none was given).'],
    [['sideways', 'agents'], 'There is no command sideways.'],
    [['up'], 'There is no subgraph (none was given).'],
    [['up', 'kitchen'], 'There is no subgraph kitchen.'],
    [['up', 'agents', 'chat'], 'chat is one word too many.'],
    [['up', 'agents', '--to', '0001-agents'], '--to belongs to down.'],
    [['down', 'agents', '--force'], "Unknown option '--force'"],
  ])('%j is answered with what is wrong and the usage', async (words, problem) => {
    const { code, said, complained } = await migrate(words, {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    });

    expect([code, said]).toEqual([1, '']);
    expect(complained).toContain(problem);
    expect(complained).toContain('Usage: npm run migrate -- <command> <subgraph>');
    expect(complained).not.toContain('    at ');
  });

  test('without a database says which setting is missing', async () => {
    const { code, complained } = await migrate(['status', 'agents']);

    expect(code).toBe(1);
    expect(complained).toContain('DATABASE_URL is not set.');
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
      'brings the subgraph of %s up, back and up again, and says what is so',
      async (subgraph) => {
        const first = await onServer('status', subgraph);
        const names = first.said.split('\n').map((line) => line.replace('pending     ', ''));
        const all = (word: string) => names.map((name) => `${word.padEnd(12)}${name}`).join('\n');
        expect(first).toEqual({ code: 0, said: all('pending'), complained: '' });
        expect(names[0]).toMatch(/^0001-/);

        expect(await onServer('up', subgraph)).toMatchObject({ code: 0, said: all('applied') });
        const newest = names.at(-1)!;
        const { said } = await onServer('down', subgraph);
        expect(said.split('\n')).toEqual(
          expect.arrayContaining([`taken back  ${newest}`, `pending     ${newest}`]),
        );
        expect(await onServer('up', subgraph)).toMatchObject({ code: 0, said: all('applied') });
      },
    );

    test('in two processes at once is done by one, and both end up fine', async () => {
      await onServer('down', 'projects');

      const both = await Promise.all([onServer('up', 'projects'), onServer('up', 'projects')]);

      expect(both.map(({ code }) => code)).toEqual([0, 0]);
      expect(both[0]?.said).toBe(both[1]?.said);
    });

    test('takes nothing back for a name that was never applied', async () => {
      await onServer('up', 'projects');

      const { code, complained } = await onServer('down', 'projects', '--to', '0000-typo');

      expect([code, complained.trim()]).toEqual([
        1,
        expect.stringMatching(/^0000-typo is not applied\. These are: 0001-/),
      ]);
      expect((await onServer('status', 'projects')).said).not.toContain('pending');
    });
  });
}
