import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INIT, openPlainSocket, subscribe } from './plain-socket.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';
import { type Json, openWorld, type World } from './world.ts';

let world: World;
let provider: Provider;
let closed: World;
beforeAll(async () => {
  provider = await openProvider();
  world = await openWorld();
  closed = await openWorld({
    SIGN_IN: 'oidc',
    AUTHENTIK_ISSUER: provider.issuer,
    AUTHENTIK_CLIENT_ID: CLIENT_ID,
  });
});
afterAll(async () => {
  await world.close();
  await closed.close();
  await provider.stop();
});

const VIEWER = '{ viewer { displayName } }';
const DEVELOPER = { data: { viewer: { displayName: 'Developer' } } };

async function post(body: string) {
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, text: await response.text() };
}

describe('a body over HTTP', () => {
  test.each([
    ['an empty operationName', { query: VIEWER, operationName: '' }],
    [
      'null in place of what is optional',
      { query: VIEWER, operationName: null, variables: null, extensions: null },
    ],
    ['unknown members', { query: VIEWER, id: 7, extra: { a: [] } }],
    ['variables that nobody declared', { query: VIEWER, variables: { a: 1 } }],
  ])('is answered with %s', async (_name, body) => {
    expect(JSON.parse((await post(JSON.stringify(body))).text)).toEqual(DEVELOPER);
  });

  test.each<[string, unknown]>([
    ['no document', {}],
    ['an empty document', { query: '' }],
    ['a document that is a number', { query: 5 }],
    ['a document that is an object', { query: { kind: 'Document' } }],
    ['variables that are a list', { query: VIEWER, variables: [] }],
    ['variables that are a text', { query: VIEWER, variables: '{}' }],
    ['variables that are a number', { query: VIEWER, variables: 5 }],
    ['extensions that are a list', { query: VIEWER, extensions: [] }],
    ['extensions that are a text', { query: VIEWER, extensions: 'a' }],
    ['an operationName that is a number', { query: VIEWER, operationName: 5 }],
    [
      'several operations and an empty operationName',
      { query: `query A ${VIEWER} query B ${VIEWER}`, operationName: '' },
    ],
    ['several operations and none named', { query: `query A ${VIEWER} query B ${VIEWER}` }],
    ['only fragments', { query: 'fragment F on User { id }' }],
    ['null', null],
    ['a number', 5],
    ['a text', 'a'],
    ['a list', []],
  ])('is refused with a documented code and 400: %s', async (_name, body) => {
    const { status, text } = await post(JSON.stringify(body));
    const { errors, data } = JSON.parse(text) as Json;
    expect([status, data]).toEqual([400, undefined]);
    for (const { extensions } of errors)
      expect(['BAD_REQUEST', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED']).toContain(extensions.code);
  });

  test('is refused shortly when it repeats a megabyte', async () => {
    const name = 'x'.repeat(1_000_000);
    for (const query of [
      `{ ${name} }`,
      `{ a(b: "${name}") }`,
      `{ project(id: ${'9'.repeat(100_000)}) { ${name} } }`,
      `"${name}`,
      `{ viewer { id } } #${name}\n?`,
    ])
      expect((await post(JSON.stringify({ query }))).text.length).toBeLessThan(2_000);
    const variables = { id: { [name]: 1 } };
    const query = 'query ($id: ID!) { project(id: $id) { id } }';
    expect((await post(JSON.stringify({ query, variables }))).text.length).toBeLessThan(2_000);
  });

  test('is not waited for when its headers sign nobody in', async () => {
    const answer = await new Promise<string>((resolve) => {
      const head =
        'POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{';
      const socket = connect(closed.gateway.port, '127.0.0.1', () => socket.write(head));
      socket.on('data', (chunk) => {
        resolve(String(chunk));
        socket.destroy();
      });
    });
    expect(answer).toContain('HTTP/1.1 401');
  });

  test('that sends a document for the first time too often gets 429 and when to try again', async () => {
    const statuses = new Map<number, string | null>();
    const document = (n: number) => `query Q${n} { viewer { displayName } }`;
    for (let n = 0; n < 4_000 && !statuses.has(429); n += 50) {
      const batch = Array.from({ length: 50 }, (_, index) =>
        fetch(`${world.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Development Eve' },
          body: JSON.stringify({ query: document(n + index) }),
        }),
      );
      for (const response of await Promise.all(batch)) {
        statuses.set(response.status, response.headers.get('retry-after'));
        await response.arrayBuffer();
      }
    }
    expect(Number(statuses.get(429))).toBeGreaterThan(0);
    expect(JSON.parse((await post(JSON.stringify({ query: VIEWER }))).text)).toEqual(DEVELOPER);
  });
});

describe('a message over WebSocket', () => {
  async function openSocket() {
    const socket = openPlainSocket(world.url);
    await socket.say(INIT);
    await socket.hears('connection_ack');
    return socket;
  }

  test('with an empty operationName is answered', async () => {
    const socket = await openSocket();
    await socket.say({ id: 'a', type: 'subscribe', payload: { query: VIEWER, operationName: '' } });
    expect((await socket.hears('next', 'a')).payload).toEqual(DEVELOPER);
    socket.end();
  });

  test('with null where it may not be is refused once, before the first event', async () => {
    const socket = await openSocket();
    const query =
      'subscription ($v: Boolean = true) { boardEvents(projectId: "p1") { cursor @include(if: $v) } }';
    await socket.say({ id: 'a', type: 'subscribe', payload: { query, variables: { v: null } } });
    const [error] = (await socket.hears('error', 'a')).payload;
    expect(error.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    expect(world.board.followers()).toBe(0);
    socket.end();
  });

  test('with too many values closes the socket before it is parsed', async () => {
    const socket = await openSocket();
    const variables = Object.fromEntries(Array.from({ length: 90_000 }, (_, n) => [`k${n}`, 1]));
    await socket.say({ id: 'a', type: 'subscribe', payload: { query: VIEWER, variables } });
    expect(await socket.closed).toEqual({ code: 4400, reason: 'Too many values in a message' });
  });

  test('may select the alias of a key, and gets it in each event', async () => {
    const socket = await openSocket();
    const query = `subscription { boardEvents(projectId: "p1") {
      __typename: cursor ... on TaskChanged { task { id: title project { id: name } } } } }`;
    await socket.say(subscribe('a', query));
    await socket.hears('next', 'a');
    world.board.change('t1');
    const event = await new Promise<Json>((resolve) => {
      socket.socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as Json;
        if (message.payload?.data?.boardEvents.task) resolve(message.payload);
      });
    });
    expect(event).toEqual({
      data: {
        boardEvents: {
          __typename: expect.any(String),
          task: { id: 'Task t1', project: { id: 'Project p1' } },
        },
      },
    });
    socket.end();
  });
});
