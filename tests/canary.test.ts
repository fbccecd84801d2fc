import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { form } from '../platform/testing/infrastructure.ts';

const SCRIPT = fileURLToPath(new URL('canary/fail-every-write.ts', import.meta.url));
const CANARY = 'canary7f3a';

/** Returns the lines that the services print while every write fails. */
async function failEveryWrite(where: 'message' | 'detail'): Promise<string[]> {
  const args = ['--disable-warning=ExperimentalWarning', SCRIPT, form, where, CANARY];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output.trim().split('\n');
}

test.each(['message', 'detail'] as const)(
  'no log holds what a client wrote when the database refuses every write and quotes the row in its %s',
  async (where) => {
    const lines = await failEveryWrite(where);
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);

    const calls = records.filter(({ msg }) => msg === 'canary.called');
    // What changes nothing writes nothing: a role that somebody has, a dependency that is not there.
    const refused = calls.filter(({ code }) => code !== 'OK');
    expect(refused.length).toBeGreaterThan(15);
    expect(refused.filter(({ code }) => code !== 'INTERNAL')).toEqual([]);
    expect(records.filter(({ msg }) => msg === 'request.failed').length).toBeGreaterThanOrEqual(
      refused.length,
    );
    expect(lines.filter((line) => line.includes(CANARY))).toEqual([]);
  },
  120_000,
);
