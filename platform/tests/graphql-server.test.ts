import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { requestBody, STATEMENT_HEADER, signStatement } from '../identity/statement.ts';
import { StartError } from '../process/service.ts';
import type { GraphqlServer } from '../subgraph/graphql-server.ts';
import { captureLog } from '../testing/captured-log.ts';
import { ADA, BUG, KEY, serveLab, WRONG_STATEMENTS } from './lab-server.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let server: GraphqlServer;
beforeAll(async () => {
  world = await openWorld();
  server = await serveLab(world.subgraph);
});
afterAll(async () => {
  await server.close();
  await world.close();
});

const failing = async () => {
  throw new Error(BUG);
};

interface Answer {
  data?: { _service?: { sdl: string } };
  errors?: { message: string; extensions: { code: string; errorId?: string } }[];
}

async function post(
  body: string,
  statement?: string,
  headers: Record<string, string> = {},
  { port } = server,
) {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(statement && { [STATEMENT_HEADER]: statement }),
      ...headers,
    },
    body,
  });
  return { status: response.status, body: (await response.json()) as Answer };
}
const sign = (body: string) => signStatement(KEY, 'lab', ADA, requestBody('POST', '/graphql', body));
const ask = async (query: string, variables: object = {}) => {
  const body = JSON.stringify({ query, variables });
  return post(body, await sign(body));
};

const ENTITIES = 'query ($them: [_Any!]!) { _entities(representations: $them) { __typename } }';
const note = { __typename: 'Note', id: 'n-1' };

describe('a request that the gateway signed', () => {
  test('is answered for its actor', async () => {
    expect(await ask('{ whoAmI }')).toEqual({ status: 200, body: { data: { whoAmI: 'Ada' } } });
  });

  test('may query the service and entities', async () => {
    const service = await ask('{ _service { sdl } }');
    const entities = await ask(ENTITIES, { them: [note] });

    expect(service.body.data?._service?.sdl).toContain('type Note');
    expect(entities.body.data).toEqual({ _entities: [{ __typename: 'Note' }] });
  });

  test('gets INTERNAL when a resolver has a bug', async () => {
    const { status, body } = await ask('{ break }');

    expect(status).toBe(200);
    expect(body.errors).toEqual([
      expect.objectContaining({
        message: 'Internal error',
        extensions: { code: 'INTERNAL', errorId: expect.any(String) },
      }),
    ]);
    expect(JSON.stringify(body)).not.toContain(BUG);
  });

  test('may not query the schema', async () => {
    const { body } = await ask('{ __schema { types { name } } }');
    expect(body.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});

describe('a request that the gateway did not sign', () => {
  const BODIES = {
    'a field': JSON.stringify({ query: '{ whoAmI }' }),
    _service: JSON.stringify({ query: '{ _service { sdl } }' }),
    _entities: JSON.stringify({ query: ENTITIES, variables: { them: [note] } }),
    'wrong syntax': JSON.stringify({ query: '{' }),
  };

  test.each(WRONG_STATEMENTS)('is refused with 401: %s', async (_how, sign) => {
    for (const body of Object.values(BODIES)) {
      expect(await post(body, await sign(`POST /graphql\n${body}`))).toEqual({
        status: 401,
        body: {
          errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
        },
      });
    }
  });

  test('is refused although a header names a person', async () => {
    const { status } = await post(BODIES['a field'], undefined, {
      'x-user-id': ADA.id,
      authorization: 'Bearer of anything',
      'x-internal-viewer': ADA.id,
    });
    expect(status).toBe(401);
  });
});

describe('the records of a request', () => {
  const logged = captureLog();
  let recording: GraphqlServer;
  beforeAll(async () => {
    recording = await serveLab({ ...world.subgraph, log: logged.log });
  });
  afterAll(() => recording.close());

  /** Asks for a field with a bug. Returns the error id of the answer and the record of the failure. */
  async function failWith(headers: Record<string, string>, field = 'break') {
    const body = JSON.stringify({ query: `{ ${field} }` });
    const statement = await sign(body);
    const answer = await post(body, statement, headers, recording);
    const errorId = answer.body.errors?.[0]?.extensions.errorId;
    return { errorId, record: logged.records('request.failed').at(-1) };
  }

  test('have the request id of the gateway', async () => {
    const { errorId, record } = await failWith({ 'x-request-id': 'request-of-ada-1' });

    expect(errorId).toEqual(expect.any(String));
    expect(record).toMatchObject({ errorId, requestId: 'request-of-ada-1', err: { message: BUG } });
  });

  test.each([
    {},
    { 'x-request-id': 'short' },
    { 'x-request-id': 'x'.repeat(65) },
    { 'x-request-id': 'a"b c{d}e' },
  ])('have a new request id in place of a missing or invalid one: %j', async (headers) => {
    const { record } = await failWith(headers);

    expect(record?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('have the request id of their own request when several run at once', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `request-${index}-of-20`);
    const before = logged.records('request.failed').length;

    await Promise.all(ids.map((id) => failWith({ 'x-request-id': id })));

    const records = logged.records('request.failed').slice(before);
    expect(records.map(({ requestId }) => requestId).sort()).toEqual([...ids].sort());
  });

  test('have it through the log of the context too', async () => {
    await failWith({ 'x-request-id': 'request-of-ada-2' }, 'note');

    expect(logged.records('lab.noted')).toEqual([expect.objectContaining({ requestId: 'request-of-ada-2' })]);
  });

  test('have it when the request fails before GraphQL', async () => {
    const broken = await serveLab({ ...world.subgraph, log: logged.log, isReady: failing });
    await fetch(`http://127.0.0.1:${broken.port}/readyz`, {
      headers: { 'x-request-id': 'request-of-ops-1' },
    });
    await broken.close();

    expect(logged.records('request.failed').at(-1)).toMatchObject({ requestId: 'request-of-ops-1' });
  });
});

describe('an invalid request', () => {
  test.each([
    ['that is not JSON', '{"query":', 400],
    ['that could change a prototype', '{"query":"{ whoAmI }","__proto__":{"x":1}}', 400],
    ['that could change a constructor', '{"query":"{ whoAmI }","constructor":{"prototype":{}}}', 400],
    ['that is too large', JSON.stringify({ query: ' '.repeat(2_097_152) }), 413],
  ])('is refused in the shape of a GraphQL response: one %s', async (_what, text, status) => {
    const answer = await post(text, await sign(text));
    expect(answer).toEqual({
      status,
      body: { errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }] },
    });
  });
});

describe('the health of a subgraph', () => {
  const statusOf = async (port: number, path: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  test('is told without a signature', async () => {
    expect(await statusOf(server.port, '/livez')).toBe(200);
    expect(await statusOf(server.port, '/readyz')).toBe(200);
  });

  test('is live but not ready while its database is unreachable', async () => {
    const withoutRows = await serveLab({ ...world.subgraph, isReady: async () => false });

    expect(await statusOf(withoutRows.port, '/livez')).toBe(200);
    expect(await statusOf(withoutRows.port, '/readyz')).toBe(503);
    await withoutRows.close();
  });
});

test('a taken port is reported with its setting and what to do', async () => {
  const starting = serveLab(world.subgraph, server.port);

  await expect(starting).rejects.toThrow(StartError);
  await expect(starting).rejects.toThrow(`Port ${server.port} is taken`);
  await expect(starting).rejects.toThrow('LAB_PORT=');
});
