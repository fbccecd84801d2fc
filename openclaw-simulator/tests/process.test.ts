import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, hookBody } from './world.ts';

const main = new URL('../main.ts', import.meta.url).pathname;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const settings = {
  OPENCLAW_SIMULATOR_PORT: '0',
  OPENCLAW_HOOKS_TOKEN: 'hooks-token',
  OPENCLAW_GATEWAY_TOKEN: 'gateway-token',
  OPENCLAW_CALLBACK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
};

function startProcess(environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function urlOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const record = JSON.parse(line);
    if (record.msg === 'simulator.listening') return record.url;
  }
  throw new Error('The process ended before it was listening');
}

describe('the simulator as a process', () => {
  test('waits for its run after SIGTERM, delivers the callback and exits with 0', async () => {
    const texts: string[] = [];
    const board = createServer(async (request, response) => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
      texts.push(body.text);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(board, 'listening');
    const callbackUrl = `http://127.0.0.1:${(board.address() as AddressInfo).port}/agents/callback`;
    const child = startProcess({ ...settings, OPENCLAW_CALLBACK_URL: callbackUrl });
    const exited = once(child, 'exit');
    const url = await urlOf(child);

    const answer = await ask(`${url}/hooks/agent`, {
      method: 'POST',
      headers: { authorization: 'Bearer hooks-token' },
      body: JSON.stringify(hookBody({ message: '[[delay=300]] [[say=in time]]' })),
    });
    child.kill('SIGTERM');

    expect(answer.status).toBe(200);
    expect(await exited).toEqual([0, null]);
    expect(texts).toEqual(['in time']);
    board.close();
  });

  test('exits with 1 and names all missing settings', async () => {
    const child = startProcess({});
    const [[code], errors] = await Promise.all([once(child, 'exit'), child.stderr!.toArray()]);

    expect(code).toBe(1);
    const message = Buffer.concat(errors).toString();
    expect(message).toContain('OPENCLAW_HOOKS_TOKEN');
    expect(message).toContain('OPENCLAW_GATEWAY_TOKEN');
    expect(message).toContain('OPENCLAW_CALLBACK_SECRET');
  });
});
