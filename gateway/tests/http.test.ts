import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { STATEMENT_HEADER } from '../../platform/identity/statement.ts';
import { startGateway } from '../gateway.ts';
import { gatewayConfig, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ ALLOWED_ORIGINS: 'https://app.example.com', SUBGRAPH_TIMEOUT_SECONDS: 1 });
});
afterAll(() => world.close());

const VIEWER = '{ viewer { displayName } }';
const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

describe('a request', () => {
  test('is answered for the developer, or for the person named in the header', async () => {
    expect((await world.ask(VIEWER)).data).toEqual({ viewer: { displayName: 'Developer' } });
    const ada = await world.ask(VIEWER, {}, { authorization: 'Development Ada' });
    expect(ada.data).toEqual({ viewer: { displayName: 'Ada' } });
  });

  test('gets 401 with any other Authorization', async () => {
    const { status, errors } = await world.ask(VIEWER, {}, { authorization: 'Bearer eyJ' });
    expect({ status, code: errors[0].extensions.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  });

  test('keeps its id in the subgraphs and in the response', async () => {
    const { headers } = await world.ask(VIEWER, {}, { 'x-request-id': 'my-request-0001' });
    expect(headers.get('x-request-id')).toBe('my-request-0001');
    expect(world.projects.questions.at(-1)?.headers['x-request-id']).toBe('my-request-0001');
  });

  test.each(['short', 'x'.repeat(65), 'with spaces in it', 'quote"quote'])(
    'gets a new id in place of an invalid one: %j',
    async (id) => {
      const { headers } = await world.ask(VIEWER, {}, { 'x-request-id': id });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test('forwards no header of the client to a subgraph', async () => {
    await world.ask(
      VIEWER,
      {},
      {
        authorization: 'Development Ada',
        cookie: 'session=1',
        [STATEMENT_HEADER]: 'forged',
        'x-user-id': 'root',
      },
    );
    const names = Object.keys(world.projects.questions.at(-1)!.headers).sort();
    expect(names).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
      'x-request-id',
      STATEMENT_HEADER,
    ]);
  });

  test.each([
    ['a body that is not JSON', '{"query":', 400],
    ['a list of requests', JSON.stringify([{ query: VIEWER }, { query: VIEWER }]), 400],
    ['a key that could change a prototype', `{"query":"${VIEWER}","__proto__":{"polluted":true}}`, 400],
    ['more than a megabyte', JSON.stringify({ query: `# ${'x'.repeat(1_048_577)}` }), 413],
  ])('is refused when it has %s', async (_name, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(1);
  });

  test('is refused when an HTML form could have sent it', async () => {
    expect((await post(`query=${VIEWER}`, { 'content-type': 'text/plain' })).status).toBe(400);
    const response = await fetch(`${world.url}/graphql?query=${encodeURIComponent(VIEWER)}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('CSRF');
  });

  test('cannot run a mutation by GET', async () => {
    const query = encodeURIComponent(
      'mutation { projectCreate(input: { key: "TB", name: "T" }) { userErrors { code } } }',
    );
    const before = world.projects.questions.length;
    const response = await fetch(`${world.url}/graphql?query=${query}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(world.projects.questions).toHaveLength(before);
  });

  test('may use any alias, even __proto__', async () => {
    const { data, errors } = await world.ask('{ __proto__: viewer { constructor: id displayName } }');
    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual([{ constructor: expect.any(String), displayName: 'Developer' }]);
    expect(({} as { displayName?: string }).displayName).toBeUndefined();
  });

  test.each([
    [
      'a subscription',
      { query: 'subscription { boardEvents(projectId: "p1") { cursor } }' },
      'BAD_REQUEST',
      'graphql-ws',
    ],
    [
      'an unknown operation name',
      { query: `query A ${VIEWER}`, operationName: 'B' },
      'BAD_REQUEST',
      'operationName',
    ],
    [
      'too many nested brackets',
      { query: `{ a(b: ${'['.repeat(1_900)}` },
      'BAD_REQUEST',
      '50 nested brackets',
    ],
    [
      'pages nested in pages',
      {
        query: `query ($n: Int!) { projects(first: $n) { nodes { columns { tasks(first: 100) { nodes { id } } } } } }`,
        variables: { n: 100 },
      },
      'LIMIT_EXCEEDED',
      'smaller pages',
    ],
    ['invalid syntax', { query: '{ viewer {' }, 'GRAPHQL_PARSE_FAILED', 'Syntax Error'],
    [
      'half a million invalid values',
      {
        query: 'mutation ($i: AgentCreateInput!) { agentCreate(input: $i) { userErrors { code } } }',
        variables: { i: { name: 'x', slug: 's', tags: Array.from({ length: 400_000 }, () => 1) } },
      },
      'BAD_REQUEST',
      '2100 values',
    ],
  ])('is refused with the reason when it has %s', async (_name, body, code, words) => {
    const response = await post(JSON.stringify(body));
    const { errors } = (await response.json()) as {
      errors: { message: string; extensions: { code: string } }[];
    };
    expect([response.status, errors.length, errors[0]?.extensions.code]).toEqual([400, 1, code]);
    expect(errors[0]?.message).toContain(words);
  });

  test('is refused beyond a limit before any subgraph is asked', async () => {
    const before = world.projects.questions.length;
    const { status, errors } = await world.ask(`{ ${'viewer { id } '.repeat(21)} }`);
    expect(status).toBe(400);
    expect(errors[0].message).toBe('The document has more than 20 fields at its root.');
    expect(world.projects.questions).toHaveLength(before);
  });
});

describe('a request that is sent too slowly', () => {
  test.each(['/graphql', '/agents/callback'])(
    'gets 408 from %s, also when only its body is slow',
    async (path) => {
      const slow = await startGateway(gatewayConfig({ REQUEST_TIMEOUT_SECONDS: 1 }));
      try {
        const answer = await new Promise<string>((resolve) => {
          const signed = `webhook-id: a\r\nwebhook-timestamp: ${Math.floor(Date.now() / 1000)}\r\nwebhook-signature: v1,${'A'.repeat(43)}=\r\n`;
          const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${signed}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
          const socket = connect(slow.port, '127.0.0.1', () => socket.write(head));
          socket.on('data', (chunk) => resolve(String(chunk)));
        });
        expect(answer).toContain('408 Request Timeout');
      } finally {
        await slow.close();
      }
    },
  );
});

test('a request that is never sent to its end keeps no gateway from closing', async () => {
  const closing = await startGateway(gatewayConfig({ REQUEST_TIMEOUT_SECONDS: 1 }));
  const head = 'POST /agents/callback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{';
  const socket = connect(closing.port, '127.0.0.1', () => socket.write(head));
  await new Promise((resolve) => socket.once('data', resolve)); // refused before its end
  const before = Date.now();
  await closing.close();
  expect(Date.now() - before).toBeLessThan(3_000);
});

describe('the errors that a client gets', () => {
  test('hide a fault of a subgraph behind an error id', async () => {
    const { errors } = await world.ask('{ project(id: "broken") { name } }');
    expect(errors).toEqual([
      {
        message: 'Internal error',
        path: ['project', 'name'],
        extensions: { code: 'INTERNAL', serviceName: 'projects', errorId: expect.any(String) },
      },
    ]);
  });

  test('report an unreachable subgraph as UNAVAILABLE, beside the data of the others', async () => {
    const { status, data, errors } = await world.ask(
      '{ project(id: "p1") { name channels(first: 1) { nodes { id } } } }',
    );
    expect(status).toBe(200);
    expect(data).toEqual({ project: { name: 'Project p1', channels: null } });
    expect(errors).toEqual([
      {
        message: 'The chat subgraph cannot be reached. Try again later.',
        path: ['project', 'channels'],
        extensions: { code: 'UNAVAILABLE', serviceName: 'chat' },
      },
    ]);
  });

  test('explain the client’s own mistakes', async () => {
    const { errors } = await world.ask('{ viewr { id } }');
    expect(errors).toEqual([
      {
        message: 'Cannot query field "viewr" on type "Query". Did you mean "viewer"?',
        locations: [{ line: 1, column: 3 }],
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });
});

describe('a web page of another origin', () => {
  const ask = (origin: string, method = 'POST') =>
    fetch(`${world.url}/graphql`, {
      method,
      headers: { origin, 'content-type': 'application/json', 'x-request-id': 'a-request-of-a-page' },
      ...(method === 'POST' && { body: JSON.stringify({ query: VIEWER }) }),
    });

  test('may send requests after a preflight if the settings allow its origin', async () => {
    const preflight = await ask('https://app.example.com', 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const answer = await ask('https://app.example.com');
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(await answer.json()).toEqual({ data: { viewer: { displayName: 'Developer' } } });
  });

  test.each(['http://localhost:5173', 'http://127.0.0.1:3000'])(
    'may send requests in development if it is of this machine: %s',
    async (origin) => {
      const answer = await ask(origin);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    },
  );

  test.each(['https://evil.example', 'https://app.example.com.evil.example', 'null'])(
    'may not send requests otherwise: %s',
    async (origin) => {
      const answer = await ask(origin);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('may not send requests under a foreign host name that resolves to this machine', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(world.gateway.port, '127.0.0.1', () =>
        socket.end('GET /graphql HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n'),
      );
      socket.on('data', (chunk) => resolve(String(chunk)));
    });
    expect(answer).toContain('403 Forbidden');
  });
});

describe('the other addresses', () => {
  test('/livez and /readyz answer 200 although subgraphs are down', async () => {
    for (const path of ['/livez', '/readyz']) expect((await fetch(world.url + path)).status).toBe(200);
  });

  test('/ redirects to the explorer in development', async () => {
    const response = await fetch(world.url, { headers: { accept: 'text/html' } });
    expect(response.url).toBe(`${world.url}/graphql`);
    expect(await response.text()).toContain('<html');
  });
});

describe('a gateway that cannot start', () => {
  test('names the taken port and says what to do', async () => {
    await expect(startGateway(gatewayConfig({ GATEWAY_PORT: world.gateway.port }))).rejects.toThrow(
      `Port ${world.gateway.port} is taken by another program. Stop it, or choose another port: GATEWAY_PORT=`,
    );
  });

  test('says why development sign-in must not be open to other machines', async () => {
    await expect(startGateway(gatewayConfig({ HOST: '0.0.0.0' }))).rejects.toThrow('HOST must be 127.0.0.1');
  });
});
