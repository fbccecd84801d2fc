import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../platform/testing/wait.ts';
import { openPlainSocket } from './plain-socket.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';
import { type Json, openWorld, type World } from './world.ts';

let provider: Provider;
/** With sign-in, and in development. */
let world: World;
let development: World;
beforeAll(async () => {
  provider = await openProvider();
  world = await openWorld({
    SIGN_IN: 'oidc',
    AUTHENTIK_ISSUER: provider.issuer,
    AUTHENTIK_CLIENT_ID: CLIENT_ID,
    ALLOWED_ORIGINS: 'https://app.example.com',
  });
  development = await openWorld({ SOCKETS_MAX: 2 });
});
afterAll(async () => {
  await world.close();
  await development.close();
  await provider.stop();
});

interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}
interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request with exactly these headers; `fetch` would not take a `Host`. */
const ask = ({ method = 'POST', path = '/graphql', headers = {}, body }: Asked, of = world) =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request(
      { port: of.gateway.port, host: '127.0.0.1', method, path, headers },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

/** Writes bytes to the port and returns what comes back. */
const write = (bytes: string, of = world) =>
  new Promise<string>((resolve) => {
    let answer = '';
    const socket = connect(of.gateway.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });

const JSON_HEADERS = { 'content-type': 'application/json' };
const VIEWER = JSON.stringify({ query: '{ viewer { displayName } }' });
const bearer = async () => ({ authorization: `Bearer ${await provider.token()}` });
const away = { authorization: '' };
beforeAll(async () => {
  const { privateKey } = await (await import('jose')).generateKeyPair('RS256');
  away.authorization = `Bearer ${await provider.token({}, { kid: 'unknown' }, privateKey)}`;
});

const FAILURES: [name: string, status: number, code: string, asked: () => Promise<Asked>][] = [
  ['no sign-in', 401, 'UNAUTHENTICATED', async () => ({ headers: JSON_HEADERS, body: VIEWER })],
  ['no sign-in, by GET', 401, 'UNAUTHENTICATED', async () => ({ method: 'GET', path: '/graphql?query={a}' })],
  [
    'a page that may not send requests',
    403,
    'FORBIDDEN',
    async () => ({ headers: { ...JSON_HEADERS, ...(await bearer()), origin: 'https://evil.example' } }),
  ],
  ['an unknown address', 404, 'NOT_FOUND', async () => ({ method: 'GET', path: '/nothing?a=b' })],
  ['PUT', 405, 'BAD_REQUEST', async () => ({ method: 'PUT', headers: JSON_HEADERS, body: VIEWER })],
  ['DELETE', 405, 'BAD_REQUEST', async () => ({ method: 'DELETE' })],
  ['PATCH', 405, 'BAD_REQUEST', async () => ({ method: 'PATCH', headers: JSON_HEADERS, body: VIEWER })],
  ['POST to /livez', 405, 'BAD_REQUEST', async () => ({ path: '/livez' })],
  ['GET of the callback', 405, 'BAD_REQUEST', async () => ({ method: 'GET', path: '/agents/callback' })],
  ['a malformed address', 400, 'BAD_REQUEST', async () => ({ method: 'GET', path: '/%zz' })],
  ['a malformed Host', 400, 'BAD_REQUEST', async () => ({ headers: { host: 'a b' } })],
  [
    'a body that is not JSON',
    400,
    'BAD_REQUEST',
    async () => ({ headers: { ...JSON_HEADERS, ...(await bearer()) }, body: '{"query":' }),
  ],
  [
    'a document that is not GraphQL',
    400,
    'GRAPHQL_PARSE_FAILED',
    async () => ({ headers: { ...JSON_HEADERS, ...(await bearer()) }, body: '{"query":"{"}' }),
  ],
  [
    'another type of body',
    415,
    'BAD_REQUEST',
    async () => ({ headers: { 'content-type': 'application/xml', ...(await bearer()) }, body: '<a/>' }),
  ],
  [
    'too large a body',
    413,
    'BAD_REQUEST',
    async () => ({
      headers: { ...JSON_HEADERS, ...(await bearer()) },
      body: JSON.stringify({ query: `# ${'x'.repeat(1_048_577)}` }),
    }),
  ],
];

const ACCEPTS: [accept: string | undefined, type: string][] = [
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
  ['application/graphql-response+json;q=0.1, application/json', 'application/json'],
];

describe('a refused request', () => {
  test.each(FAILURES)('has our shape in each media type: %s', async (_name, status, code, asked) => {
    for (const [accept, type] of ACCEPTS) {
      const { headers, ...rest } = await asked();
      const answer = await ask({ ...rest, headers: { ...headers, ...(accept && { accept }) } });
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
      const { errors, data } = JSON.parse(answer.body) as Json;
      expect(data).toBeUndefined();
      expect(errors).toEqual([
        expect.objectContaining({ message: expect.any(String), extensions: { code } }),
      ]);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('says what it takes instead: 401 how to sign in, 405 the methods, 503 when to come back', async () => {
    expect((await ask({ headers: JSON_HEADERS, body: VIEWER })).headers['www-authenticate']).toBe('Bearer');
    const { allow } = (await ask({ method: 'PUT' })).headers;
    expect(allow?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST', 'OPTIONS']));
    await provider.stop();
    const unavailable = await ask({ headers: { ...JSON_HEADERS, ...away }, body: VIEWER });
    expect([unavailable.status, unavailable.headers['retry-after']]).toEqual([503, '5']);
    await provider.start();
  });

  test.each([
    ['headers that are too large', `GET /livez HTTP/1.1\r\nHost: a\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['something else than HTTP', 'nonsense\r\n\r\n', 400],
    ['two Hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
    ['no Host', 'GET /graphql HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an empty Host', 'GET /graphql HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n', 400],
  ])('has our shape although it is hardly a request: %s', async (_name, bytes, status) => {
    const [head = '', body = ''] = (await write(bytes)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status}`);
    expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(JSON.parse(body)).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }],
    });
  });

  test('has our shape when it would open a socket, and one socket too many gets 503', async () => {
    const two = [openPlainSocket(development.url), openPlainSocket(development.url)];
    for (const socket of two) await socket.say();
    const upgrade = [
      'GET /graphql HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ];
    const crowded = await write([...upgrade, '\r\n'].join('\r\n'), development);
    expect(crowded).toContain('HTTP/1.1 503');
    expect(crowded).toContain('retry-after: 5');
    const foreign = await write(
      [...upgrade, 'Origin: https://evil.example', '\r\n'].join('\r\n'),
      development,
    );
    expect(foreign).toContain('HTTP/1.1 403');
    for (const answer of [crowded, foreign])
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').errors).toHaveLength(1);
    for (const socket of two) socket.end();
  });
});

describe('the Host of a request', () => {
  const HEADERS = { ...JSON_HEADERS, 'apollo-require-preflight': '1' };
  test.each([
    'localhost',
    'LOCALHOST:8000',
    'localhost.',
    'LocalHost.:8000',
    '127.0.0.1',
    '127.1.2.3:9',
    '[::1]:8000',
    '[0:0:0:0:0:0:0:1]',
  ])('names this machine in development: %s', async (host) => {
    const { status } = await ask({ headers: { ...HEADERS, host }, body: VIEWER }, development);
    expect(status).toBe(200);
  });

  test.each(['evil.example', 'localhost.evil.example', '128.0.0.1', '0.0.0.0', 'notlocalhost', '[::2]'])(
    'names another machine: %s',
    async (host) => {
      const { status } = await ask({ headers: { ...HEADERS, host }, body: VIEWER }, development);
      expect(status).toBe(403);
    },
  );

  test.each([
    ' ',
    'a b',
    '127.999.999.999',
    'localhost:port',
    'localhost:99999',
    'user@localhost',
    'localhost/',
    '[::1',
    '::1',
    '[nonsense]',
    '%zz',
    'localhost,localhost',
    'ü',
  ])('is malformed: %j', async (host) => {
    const latin1 = Buffer.from(host).toString('latin1');
    for (const gateway of [world, development]) {
      const { status } = await ask({ headers: { ...HEADERS, host: latin1 }, body: VIEWER }, gateway);
      expect(status).toBe(400);
    }
  });
});

describe('a preflight', () => {
  const NAMES = [
    ...['authorization', 'content-type', 'apollographql-client-name', 'apollographql-client-version'],
    ...['x-apollo-operation-name', 'apollo-require-preflight', 'traceparent', 'tracestate', 'baggage'],
    ...['sentry-trace', 'x-graphql-client-name', 'x-graphql-client-version'],
  ];
  const preflight = async (requested?: string) => {
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      ...(requested && { 'access-control-request-headers': requested }),
    };
    const { status, headers: answered } = await ask({ method: 'OPTIONS', headers });
    expect(status).toBe(204);
    return String(answered['access-control-allow-headers']).split(', ');
  };

  test('allows the headers of clients and of tracing, asked for or not', async () => {
    expect(await preflight()).toEqual(expect.arrayContaining(NAMES));
    expect(await preflight('X-Datadog-Trace-Id, b3')).toEqual(
      expect.arrayContaining([...NAMES, 'x-datadog-trace-id', 'b3']),
    );
  });

  test('is bounded', async () => {
    expect(await preflight(Array.from({ length: 500 }, (_, number) => `x-${number}`).join())).toHaveLength(
      (await preflight()).length + 50,
    );
  });
});

describe('every answer', () => {
  test.each([
    ['GET', '/', 302],
    ['GET', '/graphql', 200],
    ['POST', '/graphql', 200],
    ['GET', '/livez', 200],
    ['GET', '/nothing', 404],
  ])('cannot be framed or guessed: %s %s', async (method, path, status) => {
    const headers = { accept: method === 'GET' ? 'text/html' : 'application/json', ...JSON_HEADERS };
    const answer = await ask(
      { method, path, headers, ...(method === 'POST' && { body: VIEWER }) },
      development,
    );
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  });

  test('of the explorer loads Apollo Sandbox', async () => {
    const page = await ask({ method: 'GET', headers: { accept: 'text/html' } }, development);
    expect(page.body).toContain('https://embeddable-sandbox.cdn.apollographql.com/');
    expect(page.headers['content-security-policy']).not.toMatch(/default-src|script-src|frame-src/);
  });
});

test('a gateway that stops answers in our shape, and says when to come back', async () => {
  const stopping = await openWorld();
  stopping.projects.hang();
  const { port } = stopping.gateway;
  let answers = '';
  const socket = connect(port, '127.0.0.1');
  socket.on('data', (chunk) => {
    answers += String(chunk);
  });
  const get = (path: string, more = '') =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\napollo-require-preflight: 1\r\n${more}\r\n`;
  // Requests on one connection are answered in order, so the second and third are read while the gateway closes.
  socket.write(get('/graphql?query={viewer{id}}'));
  await until('the subgraph is asked', () => stopping.projects.questions.length === 1);
  const closed = stopping.gateway.close();
  socket.write(get('/graphql?query={viewer{id}}', 'accept: application/graphql-response+json\r\n'));
  await until('the gateway refuses', async () => {
    stopping.projects.answer();
    return answers.includes('UNAVAILABLE');
  });
  const [first = '', second = ''] = answers.split(/(?=HTTP\/1\.1 )/);
  expect(first).toContain('HTTP/1.1 200');
  expect(second).toContain('HTTP/1.1 503');
  expect(second.toLowerCase()).toContain('retry-after: 5');
  expect(second).toContain('application/graphql-response+json');
  await closed;
  await stopping.close();
});
