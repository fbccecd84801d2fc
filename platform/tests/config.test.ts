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
  test('are typed and have defaults', () => {
    expect(readConfig(Lab, { LAB_KEY: KEY, LAB_NOTES_MAX: '7', LAB_IS_OPEN: 'true' })).toEqual({
      LAB_PORT: 8009,
      LAB_NOTES_MAX: 7,
      LAB_IS_OPEN: true,
      LAB_KEY: KEY,
    });
  });

  test('are reported all at once when they are invalid', () => {
    const environment = { LAB_PORT: '70000', LAB_NOTES_MAX: 'ten', LAB_IS_OPEN: 'yes', LAB_KEY: 'short' };

    const problems = problemsOf(() => readConfig(Lab, environment));

    expect(problems.map((problem) => problem.trim().split(':')[0])).toEqual(Object.keys(environment));
  });

  test('are described when they are missing', () => {
    expect(problemsOf(() => readConfig(Lab, {}))).toEqual(['  LAB_KEY is not set. The key of the lab.']);
  });

  test.each(['', ' ', '\n'])('count as absent when they are blank: %j', (blank) => {
    const { LAB_PORT, LAB_NAME } = readConfig(Lab, { LAB_KEY: KEY, LAB_PORT: blank, LAB_NAME: blank });

    expect([LAB_PORT, LAB_NAME]).toEqual([8009, undefined]);
    expect(problemsOf(() => readConfig(Lab, { LAB_KEY: blank }))).toHaveLength(1);
  });

  test('are taken from the defaults of the caller when they are absent', () => {
    const { LAB_KEY, LAB_NAME } = readConfig(
      Lab,
      { LAB_NAME: 'given' },
      { LAB_KEY: KEY, LAB_NAME: 'default' },
    );

    expect([LAB_KEY, LAB_NAME]).toEqual([KEY, 'given']);
  });

  test.each(['8009.5', '0x10z', '-1', 'Infinity', '8009abc'])('are refused for a port of %s', (LAB_PORT) => {
    expect(problemsOf(() => readConfig(Lab, { LAB_KEY: KEY, LAB_PORT }))[0]).toMatch(/LAB_PORT: /);
  });
});

describe('a setting in a file', () => {
  test('is read without its last line break, and wins over the environment', () => {
    const LAB_KEY_FILE = secretFile(`${KEY}\n`);

    expect(readConfig(Lab, { LAB_KEY_FILE, LAB_KEY: 'another' }).LAB_KEY).toBe(KEY);
  });

  test('is reported as one problem, with the name of the file, when it cannot be read', () => {
    const LAB_KEY_FILE = join(folder, 'absent');

    const problems = problemsOf(() => readConfig(Lab, { LAB_KEY_FILE }));

    expect(problems).toEqual([expect.stringMatching(/LAB_KEY_FILE: .*absent/)]);
  });
});

test('a problem never contains the value of a secret', () => {
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
