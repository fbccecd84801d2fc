import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClientOptions } from 'ws';
import { until } from '../../platform/testing/wait.ts';
import { INIT, openPlainSocket, subscribe } from './plain-socket.ts';
import { begin, follow, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ SUBSCRIPTIONS_PER_SOCKET_MAX: 3 });
});
afterAll(() => world.close());

const open = (options?: ClientOptions, protocols?: string | string[]) =>
  openPlainSocket(world.url, options, protocols);

describe('the protocol graphql-transport-ws', () => {
  test.each([
    ['4400 for an invalid message', ['{"type":'], 4400],
    ['4400 for an unknown type of message', [{ type: 'hello' }], 4400],
    ['4400 for a message that only servers send', [INIT, { type: 'connection_ack' }], 4400],
    ['4401 for a subscription before the connection is acknowledged', [subscribe('a')], 4401],
    ['4429 for a second initialisation', [INIT, INIT], 4429],
    [
      '1009 for a message of more than a megabyte',
      [{ ...INIT, payload: { text: 'x'.repeat(1_048_577) } }],
      1009,
    ],
  ])('closes the socket with %s', async (_name, said, code) => {
    const socket = open();
    await socket.say(...said);
    expect(await socket.closed).toMatchObject({ code });
  });

  test('closes the socket with 4409 for two operations with one id', async () => {
    const socket = open();
    await socket.say(INIT);
    await socket.hears('connection_ack');
    await socket.say(subscribe('a'), subscribe('a'));
    expect(await socket.closed).toEqual({ code: 4409, reason: 'Subscriber for a already exists' });
    await until('its stream is left', () => world.board.followers() === 0);
  });

  test('closes the socket with 4408 when it is not initialised within three seconds', async () => {
    expect(await open().closed).toMatchObject({ code: 4408 });
  });

  test('closes the socket with 4406 when it does not name the protocol', async () => {
    expect(await open({}, []).closed).toMatchObject({ code: 4406 });
  });

  test('answers a ping', async () => {
    const socket = open();
    await socket.say({ type: 'ping', payload: { at: 1 } });
    expect(await socket.hears('pong')).toEqual({ type: 'pong', payload: { at: 1 } });
    socket.end();
  });

  test('frees the id of an operation that the client completes', async () => {
    const socket = open();
    await socket.say(INIT);
    await socket.hears('connection_ack');
    await socket.say(subscribe('a'));
    await socket.hears('next', 'a');
    await socket.say({ id: 'a', type: 'complete' });
    await until('its stream is left', () => world.board.followers() === 0);
    await socket.say(subscribe('a'));
    await until('it is live again', () => socket.messages.length === 3);
    socket.end();
  });

  test('serves queries and mutations too, with formatted errors', async () => {
    const socket = open();
    await socket.say(INIT);
    await socket.hears('connection_ack');
    await socket.say(
      subscribe('query', '{ viewer { displayName } }'),
      subscribe(
        'mutation',
        'mutation { projectCreate(input: { key: "TB", name: "T" }) { project { name } } }',
      ),
      subscribe('broken', '{ project(id: "broken") { name } }'),
    );
    expect((await socket.hears('next', 'query')).payload).toEqual({
      data: { viewer: { displayName: 'Developer' } },
    });
    expect((await socket.hears('next', 'mutation')).payload.errors).toBeUndefined();
    expect((await socket.hears('next', 'broken')).payload.errors).toEqual([
      {
        message: 'Internal error',
        path: ['project', 'name'],
        extensions: { code: 'INTERNAL', serviceName: 'projects', errorId: expect.any(String) },
      },
    ]);
    socket.end();
  });

  test.each([
    ['invalid syntax', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['no such operation', { query: '{ viewer { id } }', operationName: 'Other' }, 'BAD_REQUEST'],
    [
      'an invalid variable',
      { query: 'query ($id: ID!) { project(id: $id) { id } }', variables: {} },
      'BAD_USER_INPUT',
    ],
    [
      'an invalid mutation',
      { query: 'mutation { projectCreate { project { id } } }' },
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('refuses a query by a message `error` when it has %s', async (_name, payload, code) => {
    const socket = open();
    await socket.say(INIT);
    await socket.hears('connection_ack');
    await socket.say({ id: 'a', type: 'subscribe', payload });
    expect((await socket.hears('error', 'a')).payload).toMatchObject([{ extensions: { code } }]);
    await socket.say({ type: 'ping' });
    await socket.hears('pong');
    expect(socket.messages.map(({ type }) => type)).toEqual(['connection_ack', 'error', 'pong']);
    socket.end();
  });

  test('refuses operations beyond SUBSCRIPTIONS_PER_SOCKET_MAX, and the others go on', async () => {
    const socket = open();
    await socket.say(INIT);
    await socket.hears('connection_ack');
    await socket.say(...['a', 'b', 'c', 'd'].map((id) => subscribe(id)));
    expect((await socket.hears('error', 'd')).payload).toEqual([
      {
        message: 'A socket carries at most 3 operations at a time.',
        extensions: { code: 'LIMIT_EXCEEDED' },
      },
    ]);
    await socket.hears('next', 'c');
    socket.end();
  });
});

describe('the opening of a socket', () => {
  test('is refused to a web page of another origin', async () => {
    expect(await open({ origin: 'https://evil.example' }).closed).toMatchObject({ code: 403 });
  });

  test('is refused in development under a foreign host name, whatever it resolves to', async () => {
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect(await open({ headers }).closed).toMatchObject({ code: 403 });
  });
});

describe('a document that cannot be subscribed to', () => {
  const refusalOf = async (query: string, variables = {}) => {
    const { errors } = begin(world.connect(), query, variables);
    await until('it is refused', () => errors.length > 0);
    return errors.map(({ message, extensions }) => `${extensions.code}: ${message}`);
  };
  const ONE_FIELD =
    'GRAPHQL_VALIDATION_FAILED: A subscription selects one field at its root: without introspection, @skip or @include.';

  test.each([
    [
      'with invalid syntax',
      'subscription {',
      'GRAPHQL_PARSE_FAILED: Syntax Error: Expected Name, found <EOF>.',
    ],
    ['with introspection at its root', 'subscription { __typename }', ONE_FIELD],
    [
      'with a condition at its root',
      'subscription ($on: Boolean!) { boardEvents(projectId: "p1") @include(if: $on) { cursor } }',
      ONE_FIELD,
    ],
    [
      'with a condition at a fragment at its root',
      'subscription ($on: Boolean!) { ... @skip(if: $on) { boardEvents(projectId: "p1") { cursor } } }',
      ONE_FIELD,
    ],
    [
      'with a condition in a fragment at its root',
      'subscription { ...Root } fragment Root on Subscription { ...Inner @include(if: true) } fragment Inner on Subscription { boardEvents(projectId: "p1") { cursor } }',
      ONE_FIELD,
    ],
    [
      'with a fragment that is not there',
      'subscription { ...Gone }',
      'GRAPHQL_VALIDATION_FAILED: Unknown fragment "Gone".',
    ],
    [
      'with a fragment in itself',
      'subscription { ...Root } fragment Root on Subscription { ...Root }',
      'GRAPHQL_VALIDATION_FAILED: The fragment Root contains itself.',
    ],
    [
      'with two fields in a fragment at its root',
      'subscription { ... { a: boardEvents(projectId: "p1") { cursor } b: boardEvents(projectId: "p1") { cursor } } }',
      'GRAPHQL_VALIDATION_FAILED: Anonymous Subscription must select only one top level field.',
    ],
    [
      'with two fields at its root',
      'subscription { a: boardEvents(projectId: "p1") { cursor } b: boardEvents(projectId: "p1") { cursor } }',
      'GRAPHQL_VALIDATION_FAILED: Anonymous Subscription must select only one top level field.',
    ],
    [
      'with an unknown field',
      'subscription { boardEvents(projectId: "p1") { cursr } }',
      'GRAPHQL_VALIDATION_FAILED: Cannot query field "cursr" on type "BoardEvent". Did you mean "cursor"?',
    ],
    [
      'without a required variable',
      'subscription ($id: ID!) { boardEvents(projectId: $id) { cursor } }',
      'BAD_USER_INPUT: Variable "$id" of required type "ID!" was not provided.',
    ],
    [
      'beyond a limit',
      `subscription { boardEvents(projectId: "p1") { ${'cursor @include(if: true) '.repeat(51)} } }`,
      'GRAPHQL_VALIDATION_FAILED: The document has more than 50 directives.',
    ],
  ])('is refused with the reason: %s', async (_name, query, message) => {
    expect(await refusalOf(query)).toEqual([message]);
  });

  test.each([
    ['inline', 'subscription { ... { boardEvents(projectId: "p1") { ...Event } } }'],
    ['with its type', 'subscription { ... on Subscription { boardEvents(projectId: "p1") { ...Event } } }'],
    [
      'with a name',
      'subscription { ...Root } fragment Root on Subscription { boardEvents(projectId: "p1") { ...Event } }',
    ],
    [
      'in a fragment',
      'subscription { ...Root } fragment Root on Subscription { ... { ...Inner } } fragment Inner on Subscription { alias: boardEvents(projectId: "p1") { ...Event } }',
    ],
  ])('may have its field in a fragment: %s', async (_name, query) => {
    const event = `fragment Event on BoardEvent { kind: __typename ... on TaskChanged { task { id project { name } } } }`;
    const { results } = await follow(world.connect(), query + event);
    world.board.change('t1');
    await until('the event', () => results.length === 2);
    expect(Object.values(results[1].data)).toEqual([
      { kind: 'TaskChanged', task: { id: 't1', project: { name: 'Project p1' } } },
    ]);
  });

  test('gets the refusal of the subgraph as its first result', async () => {
    const following = begin(world.connect(), 'subscription { boardEvents(projectId: "hidden") { cursor } }');
    await until('it has ended', () => following.state.isComplete);
    expect(following.results).toEqual([
      {
        data: null,
        errors: [
          {
            message: 'Project hidden does not exist',
            path: ['boardEvents'],
            extensions: { code: 'NOT_FOUND', serviceName: 'tasks' },
          },
        ],
      },
    ]);
  });
});
