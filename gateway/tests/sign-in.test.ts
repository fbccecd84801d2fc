import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket as Socket } from 'ws';
import { until } from '../../platform/testing/wait.ts';
import { INIT, openPlainSocket, subscribe } from './plain-socket.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';
import { BOARD, follow, type Json, openWorld, type World } from './world.ts';

let provider: Provider;
let world: World;
beforeAll(async () => {
  provider = await openProvider();
  world = await openWorld({
    SIGN_IN: 'oidc',
    AUTHENTIK_ISSUER: provider.issuer,
    AUTHENTIK_CLIENT_ID: CLIENT_ID,
  });
});
afterAll(async () => {
  await world.close();
  await provider.stop();
});

const VIEWER = '{ viewer { displayName } }';
const now = () => Math.floor(Date.now() / 1000);
const bearer = async (changes = {}) => `Bearer ${await provider.token(changes)}`;

/** Returns the code that closes a socket with these connection parameters. */
async function closeCode(connectionParams: object, url = world.url): Promise<number> {
  const socket = new Socket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: connectionParams })),
  );
  return new Promise((resolve) => socket.on('close', resolve));
}

describe('over HTTP', () => {
  test('a token signs in', async () => {
    const { data } = await world.ask(VIEWER, {}, { authorization: await bearer() });
    expect(data).toEqual({ viewer: { displayName: 'Ada' } });
  });

  test.each([
    ['no token', {}],
    ['a name as in development', { authorization: 'Development Ada' }],
  ])('%s gets 401 and no subgraph is asked', async (_name, headers) => {
    const before = world.projects.questions.length;
    const { status, errors } = await world.ask(VIEWER, {}, headers);
    expect({ status, code: errors[0].extensions.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(world.projects.questions).toHaveLength(before);
  });

  test('the schema is hidden, also in suggestions for wrong fields', async () => {
    const headers = { authorization: await bearer() };
    const introspected = await world.ask('{ __schema { types { name } } }', {}, headers);
    expect(introspected.errors[0].message).toContain('INTROSPECTION=true');
    const mistaken = await world.ask('{ viewr { id } }', {}, headers);
    expect(mistaken.errors[0].message).toBe('Cannot query field "viewr" on type "Query".');
    const page = await fetch(`${world.url}/`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(404);
  });
});

describe('a provider that was never reachable', () => {
  test('makes the gateway answer 503 over HTTP and close sockets with 1013', async () => {
    const issuer = 'http://127.0.0.1:9/';
    const lonely = await openWorld({
      SIGN_IN: 'oidc',
      AUTHENTIK_ISSUER: issuer,
      AUTHENTIK_CLIENT_ID: CLIENT_ID,
    });
    const authorization = await bearer({ iss: issuer });
    const { status, errors } = await lonely.ask(VIEWER, {}, { authorization });
    expect({ status, code: errors[0].extensions.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    expect(await closeCode({ authorization }, lonely.url)).toBe(1013);
    await lonely.close();
  });
});

describe('over WebSocket', () => {
  test('a token signs in', async () => {
    const client = world.connect({ connectionParams: async () => ({ authorization: await bearer() }) });
    const { results } = await follow(client, BOARD);
    expect(results).toHaveLength(1);
  });

  test.each([
    ['no token', () => ({})],
    ['an invalid token', () => ({ authorization: 'Bearer eyJ' })],
    ['a value that is not text', () => ({ authorization: { toString: 1 } })],
  ])('%s closes the socket with 4403', async (_name, connectionParams) => {
    expect(await closeCode(connectionParams())).toBe(4403);
  });

  test('a token with a picture of 20 KB signs in, and the subgraphs answer', async () => {
    const picture = `https://example.com/${'x'.repeat(20_000)}`;
    const socket = openPlainSocket(world.url);
    await socket.say({ ...INIT, payload: { authorization: await bearer({ picture }) } });
    await socket.hears('connection_ack');
    await socket.say(subscribe('a', VIEWER));
    expect((await socket.hears('next', 'a')).payload).toEqual({ data: { viewer: { displayName: 'Ada' } } });
    socket.end();
  });

  test('a rotated key while the provider is away closes the socket with 1013, and over HTTP gives 503', async () => {
    await world.ask(VIEWER, {}, { authorization: await bearer() });
    await provider.addKey('rotated');
    const authorization = `Bearer ${await provider.token({}, { kid: 'rotated' })}`;
    await provider.stop();
    expect(await closeCode({ authorization })).toBe(1013);
    const { status, errors } = await world.ask(VIEWER, {}, { authorization });
    expect({ status, code: errors[0].extensions.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    await provider.start();
  });

  test('subscriptions get no suggestions either', async () => {
    const client = world.connect({ connectionParams: async () => ({ authorization: await bearer() }) });
    const errors = await new Promise<Json>((resolve) =>
      client.subscribe(
        { query: 'subscription { boardEvents(projectId: "p1") { cursr } }' },
        { next: () => undefined, error: resolve, complete: () => undefined },
      ),
    );
    expect(errors[0].message).toBe('Cannot query field "cursr" on type "BoardEvent".');
  });

  test('the socket is closed when the token expires, and a new token resumes the subscription', async () => {
    const codes: number[] = [];
    const tokens = [await bearer({ exp: now() + 1 }), await bearer()];
    const client = world.connect({
      retryAttempts: 5,
      connectionParams: () => ({ authorization: tokens.shift()! }),
      on: { closed: (event) => codes.push((event as CloseEvent).code) },
    });
    const following = await follow(client, BOARD);
    await until('the socket was closed', () => codes.length === 1);
    await until('it has reconnected', () => following.results.length === 2);
    world.board.change('t1');
    await until('it has the event', () => following.tasks().length === 1);
    expect(codes).toEqual([4403]);
  });
});
