import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signViewer } from '../identity/statement.ts';
import { StartError } from '../process/service.ts';
import type { GraphqlServer } from '../subgraph/graphql-server.ts';
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

interface Answer {
  data?: { _service?: { sdl: string } };
  errors?: { message: string; extensions: { code: string } }[];
}

async function post(body: string, statement?: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(statement && { 'x-team-board-viewer': statement }),
      ...headers,
    },
    body,
  });
  return { status: response.status, body: (await response.json()) as Answer };
}
const ask = async (query: string, variables: object = {}) => {
  const body = JSON.stringify({ query, variables });
  return post(body, await signViewer(KEY, 'lab', ADA, body));
};

const ENTITIES = 'query ($them: [_Any!]!) { _entities(representations: $them) { __typename } }';
const note = { __typename: 'Note', id: 'n-1' };

describe('what the gateway signed', () => {
  test('is answered, as the viewer whom it names', async () => {
    expect(await ask('{ whoAmI }')).toEqual({ status: 200, body: { data: { whoAmI: 'Ada' } } });
  });

  test('may ask for the service and for entities', async () => {
    const service = await ask('{ _service { sdl } }');
    const entities = await ask(ENTITIES, { them: [note] });

    expect(service.body.data?._service?.sdl).toContain('type Note');
    expect(entities.body.data).toEqual({ _entities: [{ __typename: 'Note' }] });
  });

  test('leaves as INTERNAL when a resolver has a bug', async () => {
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

  test('may not ask how the schema looks', async () => {
    const { body } = await ask('{ __schema { types { name } } }');
    expect(body.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});

describe('what the gateway did not sign', () => {
  const BODIES = {
    'a field': JSON.stringify({ query: '{ whoAmI }' }),
    _service: JSON.stringify({ query: '{ _service { sdl } }' }),
    _entities: JSON.stringify({ query: ENTITIES, variables: { them: [note] } }),
    'wrong syntax': JSON.stringify({ query: '{' }),
  };

  test.each(WRONG_STATEMENTS)('is refused with 401: %s', async (_how, sign) => {
    for (const body of Object.values(BODIES)) {
      expect(await post(body, await sign(body))).toEqual({
        status: 401,
        body: {
          errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
        },
      });
    }
  });

  test('is refused whoever a header says it is from', async () => {
    const { status } = await post(BODIES['a field'], undefined, {
      'x-user-id': ADA.id,
      authorization: 'Bearer of anything',
      'x-internal-viewer': ADA.id,
    });
    expect(status).toBe(401);
  });
});

describe('a request that is no request', () => {
  test.each([
    ['that is not JSON', '{"query":', 400],
    ['that reaches for a prototype', '{"query":"{ whoAmI }","__proto__":{"x":1}}', 400],
    ['that reaches for a constructor', '{"query":"{ whoAmI }","constructor":{"prototype":{}}}', 400],
    ['that is too large', JSON.stringify({ query: ' '.repeat(2_097_152) }), 413],
  ])('%s is refused in the shape of a GraphQL response', async (_what, text, status) => {
    const answer = await post(text, await signViewer(KEY, 'lab', ADA, text));
    expect(answer).toEqual({
      status,
      body: { errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }] },
    });
  });
});

describe('health', () => {
  const statusOf = async (port: number, path: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  test('is told to anybody', async () => {
    expect(await statusOf(server.port, '/livez')).toBe(200);
    expect(await statusOf(server.port, '/readyz')).toBe(200);
  });

  test('of a subgraph whose database is away is live, and not ready', async () => {
    const withoutRows = await serveLab({ ...world.subgraph, isReady: async () => false });

    expect(await statusOf(withoutRows.port, '/livez')).toBe(200);
    expect(await statusOf(withoutRows.port, '/readyz')).toBe(503);
    await withoutRows.close();
  });
});

test('a port that is taken is named, with its setting and what to do', async () => {
  const starting = serveLab(world.subgraph, server.port);

  await expect(starting).rejects.toThrow(StartError);
  await expect(starting).rejects.toThrow(`Port ${server.port} is taken`);
  await expect(starting).rejects.toThrow('LAB_PORT=');
});
