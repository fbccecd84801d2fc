import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { STATEMENT_HEADER } from '../../platform/identity/statement.ts';
import { openWorld, type World } from './world.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}
let received: Received[] = [];
let status = 200;
const agents = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  received.push({ headers: request.headers, body: Buffer.concat(chunks) });
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7', 'x-inner': 'secret' });
  response.end('{"status":"applied"}');
});

let world: World;
beforeAll(async () => {
  await new Promise<void>((resolve) => agents.listen(0, '127.0.0.1', resolve));
  const { port } = agents.address() as { port: number };
  world = await openWorld({ AGENTS_URL: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await world.close();
  agents.close();
});
beforeEach(() => {
  received = [];
  status = 200;
});

const SIGNED = {
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
  'webhook-signature': `v1,${Buffer.alloc(32, 1).toString('base64')}`,
};
const call = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${world.url}/agents/callback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...SIGNED, ...headers },
    body,
  });

describe('a callback of OpenClaw', () => {
  test.each([
    ['JSON with unusual white space and escapes', Buffer.from('{ "a" : 1.0,\n\t"ü":"\\u00e9" }')],
    ['invalid JSON', Buffer.from('{"a":')],
    ['binary data', Buffer.from([0, 255, 254, 10, 13])],
  ])('reaches the subgraph unchanged, with its signature: %s', async (_name, body) => {
    await call(new Uint8Array(body));
    expect(received[0]?.body.equals(body)).toBe(true);
    expect(received[0]?.headers).toMatchObject(SIGNED);
  });

  test('forwards no other header, and adds the request id', async () => {
    const forged = { authorization: 'Bearer token', [STATEMENT_HEADER]: 'forged', cookie: 'a=1' };
    const response = await call('{}', forged);
    expect(received[0]?.headers['x-request-id']).toBe(response.headers.get('x-request-id'));
    expect(Object.keys(received[0]?.headers ?? {}).sort()).toEqual(
      ['connection', 'content-length', 'content-type', 'host', 'x-request-id', ...Object.keys(SIGNED)].sort(),
    );
  });

  test.each([200, 401, 404, 413, 422, 503])('gets the answer %d of the subgraph', async (given) => {
    status = given;
    const response = await call('{}');
    expect(response.status).toBe(given);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(response.headers.get('x-inner')).toBeNull();
    expect(await response.text()).toBe('{"status":"applied"}');
  });

  test('is refused above two megabytes before it reaches the subgraph', async () => {
    expect((await call('x'.repeat(2_000_001))).status).toBe(413);
    expect(received).toEqual([]);
  });

  test.each([
    ['no id', { 'webhook-id': '' }],
    ['no signature', { 'webhook-signature': '' }],
    ['a signature that is none', { 'webhook-signature': 'v1,c2ln' }],
    [
      'a signature of another version',
      { 'webhook-signature': SIGNED['webhook-signature'].replace('v1', 'v2') },
    ],
    ['a time that is none', { 'webhook-timestamp': 'now' }],
    ['an old time', { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 301) }],
    ['a time to come', { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 310) }],
  ])('is refused with 401 before its body is read, when it has %s', async (_name, headers) => {
    const answer = await new Promise<string>((resolve) => {
      const lines = Object.entries({ ...SIGNED, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `POST /agents/callback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n${lines.join('')}\r\n`;
      const socket = connect(world.gateway.port, '127.0.0.1', () => socket.write(head));
      socket.once('data', (chunk) => {
        resolve(String(chunk));
        socket.destroy();
      });
    });
    expect(answer).toContain('HTTP/1.1 401');
    expect(received).toEqual([]);
  });

  test('gets 503 with Retry-After while the subgraph is down', async () => {
    const alone = await openWorld({ AGENTS_URL: 'http://127.0.0.1:9' });
    const response = await fetch(`${alone.url}/agents/callback`, {
      method: 'POST',
      headers: SIGNED,
      body: '{}',
    });
    await alone.close();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});
