import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startMessage } from '../scripts/start-message.ts';

const SCRIPT = fileURLToPath(new URL('../scripts/start.ts', import.meta.url));
const FREE_PORTS = Object.fromEntries(
  ['GATEWAY', 'PROJECTS', 'TASKS', 'AGENTS', 'CHAT'].map((name) => [`${name}_PORT`, '0']),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'team-board-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the system as `npm start` does, with settings with which it cannot start. */
async function failToStart(settings: Record<string, string>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'data'), ...FREE_PORTS, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, printed, [exitCode]] = await Promise.all([
    text(child.stderr),
    text(child.stdout),
    once(child, 'exit'),
  ]);
  expect({ exitCode, printed }).toEqual({ exitCode: 1, printed: '' });
  expect(said).not.toMatch(/^\s+at /m); // a stack
  return said;
}

describe('npm start', () => {
  test('names every invalid setting at once, and makes nothing', async () => {
    const said = await failToStart({
      LOG_LEVEL: 'loud',
      TASKS_PORT: 'seven',
      SIGN_IN: 'maybe',
      DATA_DIR_RESERVE_MEGABYTES: '-1',
    });

    for (const name of ['LOG_LEVEL', 'TASKS_PORT', 'SIGN_IN', 'DATA_DIR_RESERVE_MEGABYTES']) {
      expect(said).toContain(`  ${name}: `);
    }
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('finds a taken port before it makes a database, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const said = await failToStart({ CHAT_PORT: String(port) });

    expect(said).toContain(
      `Port ${port} is taken by another program. Stop it, or choose another port: CHAT_PORT=`,
    );
    expect(existsSync(join(folder, 'data'))).toBe(false);
    other.close();
  });

  test.each([
    ['is a file', {}, 'it is a file'],
    [
      'has a disk with too little space',
      { DATA_DIR_RESERVE_MEGABYTES: '999999999' },
      'MB free; the database needs',
    ],
  ])('says in a sentence that its folder %s', async (what, settings, says) => {
    if (what === 'is a file') writeFileSync(join(folder, 'data'), '');

    const said = await failToStart(settings);

    expect(said).toContain(says);
    expect(said).toContain('or choose another folder: DATA_DIR=');
  });
});

describe('the message of a start', () => {
  const facts = {
    port: 8000,
    subgraphPorts: [8001, 8002, 8003, 8004],
    folder: '.data',
    openClawUrl: undefined,
  };

  test('names the explorer and the demo in development', () => {
    const message = startMessage({ ...facts, isDevelopment: true, introspection: true });
    expect(message).toContain('Explorer');
    expect(message).toContain('npm run demo');
  });

  test('names neither with SIGN_IN=oidc, where both would be refused, and the setting of introspection', () => {
    const message = startMessage({ ...facts, isDevelopment: false, introspection: false });
    expect(message).not.toContain('Explorer');
    expect(message).not.toContain('npm run demo');
    expect(message).toContain('INTROSPECTION=true');
    expect(message).toContain('access tokens of AUTHENTIK_ISSUER');
  });
});
