import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const CANARY = 'canary-7f3a';
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'signature',
  'webhook-signature',
];

/** Returns what a child process writes to its log. pino writes to the file descriptor, which a test cannot intercept. */
function logged(records: readonly object[], level = 'info'): string {
  const script = `
    const { createLog } = await import(${JSON.stringify(fileURLToPath(new URL('../process/log.ts', import.meta.url)))});
    const log = createLog('lab', ${JSON.stringify(level)});
    for (const record of JSON.parse(process.argv[1])) log.info(record, record.event ?? 'lab.logged');
  `;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(records)], {
    encoding: 'utf8',
  });
}
const parsed = (output: string): Record<string, unknown>[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the log', () => {
  test('cuts out fields that are named like secrets, on the first three levels', () => {
    const records = SECRET_NAMES.flatMap((name) => [
      { [name]: CANARY },
      { headers: { [name]: CANARY } },
      { request: { headers: { [name]: CANARY } } },
      { headers: { [name]: [CANARY, { deep: CANARY }] } },
    ]);

    const output = logged(records);

    expect(output).not.toContain(CANARY);
    expect(parsed(output)).toHaveLength(records.length);
    expect(output.split('[redacted]')).toHaveLength(records.length + 1);
  });

  test('keeps all other fields', () => {
    expect(parsed(logged([{ runId: 'r-1', run: { tokens: 3 }, event: 'run.claimed' }]))).toEqual([
      expect.objectContaining({ name: 'lab', msg: 'run.claimed', runId: 'r-1', run: { tokens: 3 } }),
    ]);
  });

  test.each([
    ['line breaks', 'a\r\n{"level":60,"msg":"forged"}'],
    ['control characters', '\u001b[2J\u001b[31mred\u0007'],
    ['line separators', 'a\u2028b\u2029c\u0085d'],
    ['half of a surrogate pair', 'a\ud800b'],
    ['NUL', 'a\0b'],
  ])('writes %s into one line of JSON', (_what, text) => {
    const output = logged([{ text, [text]: 1, event: text }]);

    const [record, ...others] = parsed(output);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ text, msg: text });
    expect([...output.trim()].filter((character) => character < ' ')).toEqual([]);
  });

  test('drops records below its level', () => {
    expect(logged([{ text: 'not so important' }], 'warn')).toBe('');
  });
});
