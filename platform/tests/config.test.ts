import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  boolean,
  ConfigError,
  port,
  readConfig,
  SubgraphConfig,
  secret,
  wholeNumber,
} from '../process/config.ts';

const Lab = z.object({
  LAB_PORT: port(8009),
  LAB_NOTES_MAX: wholeNumber(1, 100, 10),
  LAB_IS_OPEN: boolean(false),
  LAB_KEY: secret('The key of the lab.'),
  LAB_NAME: z.string().optional(),
});
const KEY = 'a key of at least 32 characters .';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'team-board-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const secretFile = (text: string) => {
  const file = join(folder, 'secret');
  writeFileSync(file, text);
  return file;
};

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split('\n').slice(1);
  }
  throw new Error('nothing was wrong');
}

describe('settings', () => {
  test('are typed, and have defaults', () => {
    expect(readConfig(Lab, { LAB_KEY: KEY, LAB_NOTES_MAX: '7', LAB_IS_OPEN: 'true' })).toEqual({
      LAB_PORT: 8009,
      LAB_NOTES_MAX: 7,
      LAB_IS_OPEN: true,
      LAB_KEY: KEY,
    });
  });

  test('that are wrong are all named at once', () => {
    const environment = { LAB_PORT: '70000', LAB_NOTES_MAX: 'ten', LAB_IS_OPEN: 'yes', LAB_KEY: 'short' };

    const problems = problemsOf(() => readConfig(Lab, environment));

    expect(problems.map((problem) => problem.trim().split(':')[0])).toEqual(Object.keys(environment));
  });

  test('that are missing say what they are for', () => {
    expect(problemsOf(() => readConfig(Lab, {}))).toEqual(['  LAB_KEY is not set. The key of the lab.']);
  });

  test.each(['', ' ', '\n'])('that are blank (%j) count as absent', (blank) => {
    const { LAB_PORT, LAB_NAME } = readConfig(Lab, { LAB_KEY: KEY, LAB_PORT: blank, LAB_NAME: blank });

    expect([LAB_PORT, LAB_NAME]).toEqual([8009, undefined]);
    expect(problemsOf(() => readConfig(Lab, { LAB_KEY: blank }))).toHaveLength(1);
  });

  test('that are absent are taken from the defaults of whoever reads them', () => {
    const { LAB_KEY, LAB_NAME } = readConfig(
      Lab,
      { LAB_NAME: 'given' },
      { LAB_KEY: KEY, LAB_NAME: 'default' },
    );

    expect([LAB_KEY, LAB_NAME]).toEqual([KEY, 'given']);
  });

  test.each(['8009.5', '0x10z', '-1', 'Infinity', '8009abc'])('a port of %s is refused', (LAB_PORT) => {
    expect(problemsOf(() => readConfig(Lab, { LAB_KEY: KEY, LAB_PORT }))[0]).toMatch(/LAB_PORT: /);
  });
});

describe('a setting in a file', () => {
  test('is read from there, without the line break at its end, before the one in the environment', () => {
    const LAB_KEY_FILE = secretFile(`${KEY}\n`);

    expect(readConfig(Lab, { LAB_KEY_FILE, LAB_KEY: 'another' }).LAB_KEY).toBe(KEY);
  });

  test('that cannot be read is one problem, which names the file', () => {
    const LAB_KEY_FILE = join(folder, 'absent');

    const problems = problemsOf(() => readConfig(Lab, { LAB_KEY_FILE }));

    expect(problems).toEqual([expect.stringMatching(/LAB_KEY_FILE: .*absent/)]);
  });
});

test('no problem repeats the value of a secret', () => {
  const problems = problemsOf(() =>
    readConfig(SubgraphConfig, {
      GATEWAY_SIGNING_KEY: 'canary',
      DATABASE_URL: 'mysql://canary:canary@host/db',
      REDIS_URL: 'canary',
    }),
  );

  expect(problems).toHaveLength(3);
  expect(problems.join()).not.toContain('canary');
});
