import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { person } from '../../platform/identity/actor.ts';
import {
  requestBody,
  STATEMENT_HEADER,
  signingKey,
  verifyStatement,
} from '../../platform/identity/statement.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import type { GatewayContext } from '../context.ts';
import { connectSubgraph, type SubgraphConnection } from '../subgraph-request.ts';
import { SIGNING_KEY } from './subgraph.ts';

const key = signingKey(SIGNING_KEY);
const actor = person({ id: '00000000-0000-7000-8000-000000000001', displayName: 'Ada', avatarUrl: null });

let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let asked = 0;
let subgraph: SubgraphConnection;
const server = createServer(async (request, response) => {
  asked += 1;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  answer(request, response, Buffer.concat(chunks).toString());
});
beforeEach(async () => {
  asked = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  subgraph = connectSubgraph({
    name: 'tasks',
    url: `http://127.0.0.1:${port}`,
    key,
    timeoutMs: 200,
    connectionsMax: 2,
    responseBytesMax: 1_000,
  });
});
afterEach(async () => {
  await subgraph.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (query = 'query { tasks }', context: Partial<GatewayContext> = {}) =>
  subgraph.dataSource.process({
    request: { query, variables: { id: 1 } },
    context: { actor, requestId: 'request-1', log: testLog, ...context },
  } as never);
const json = (response: ServerResponse, body: unknown, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};
const unavailable = (why: string) => ({
  errors: [
    expect.objectContaining({
      message: `The tasks subgraph ${why}. Try again later.`,
      extensions: { code: 'UNAVAILABLE', serviceName: 'tasks' },
    }),
  ],
});

const outcomeUnknown = {
  errors: [
    expect.objectContaining({
      message: expect.stringContaining('repeat it with the same idempotencyKey'),
      extensions: { code: 'OUTCOME_UNKNOWN', serviceName: 'tasks' },
    }),
  ],
};

describe('a request to a subgraph', () => {
  test('is signed for its actor, its subgraph and its body', async () => {
    const seen: unknown[] = [];
    answer = async (request, response, body) => {
      const statement = String(request.headers[STATEMENT_HEADER]);
      const covered = requestBody('POST', '/graphql', body);
      const read = await verifyStatement(key, 'tasks', statement, covered);
      seen.push(read.actor, read.deadlineAt! - Date.now() > 0, JSON.parse(body));
      json(response, { data: { tasks: [] } });
    };
    expect(await ask()).toEqual({ data: { tasks: [] } });
    expect(seen).toEqual([actor, true, { query: 'query { tasks }', variables: { id: 1 } }]);
  });

  test('is OUTCOME_UNKNOWN when no answer to a mutation comes in time', async () => {
    answer = () => undefined;
    expect(await ask('mutation { taskCreate }')).toEqual(outcomeUnknown);
  });

  test('is UNAVAILABLE when no answer comes in time', async () => {
    answer = () => undefined;
    expect(await ask()).toEqual(unavailable('did not answer in time'));
  });

  test('is UNAVAILABLE when the answer arrives too slowly', async () => {
    answer = (_request, response) => {
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    };
    expect(await ask()).toEqual(unavailable('did not answer in time'));
  });

  test('is not sent after the deadline of the whole', async () => {
    expect(await ask(undefined, { deadlineAt: Date.now() - 1 })).toEqual(
      unavailable('did not answer in time'),
    );
    expect(asked).toBe(0);
  });

  test('waits for a free connection only within its timeout', async () => {
    answer = () => undefined;
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers[2]).toEqual(unavailable('did not answer in time'));
  });
});

describe('an answer of a subgraph', () => {
  test('passes with its errors', async () => {
    const body = { data: null, errors: [{ message: 'No', extensions: { code: 'NOT_FOUND' } }] };
    answer = (_request, response) => json(response, body);
    expect(await ask()).toEqual(body);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    [
      'of too many bytes',
      (response) => json(response, { data: { text: 'x'.repeat(1_000) } }),
      'has too much data for one answer; ask for less',
    ],
    ['that is not JSON', (response) => response.end('<html>'), 'answered with status 200'],
    [
      'that is not a GraphQL response',
      (response) => json(response, { status: 'ok' }),
      'answered with status 200',
    ],
    ['with an HTTP error', (response) => json(response, 'busy', 503), 'answered with status 503'],
    [
      'that refuses the gateway’s signature',
      (response) => json(response, { errors: [{ message: 'no' }] }, 401),
      'does not know this gateway',
    ],
  ])('%s is UNAVAILABLE', async (_name, respond, why) => {
    answer = (_request, response) => respond(response);
    expect(await ask()).toEqual(unavailable(why));
  });
});

describe('a connection that is lost before the answer', () => {
  const loseFirst = () => {
    answer = (request, response) => {
      if (asked === 1) request.socket.destroy();
      else json(response, { data: { done: true } });
    };
  };

  test('makes a query run once more', async () => {
    loseFirst();
    expect(await ask()).toEqual({ data: { done: true } });
    answer = (request) => request.socket.destroy();
    asked = 0;
    expect(await ask()).toEqual(unavailable('cannot be reached'));
    expect(asked).toBe(2);
  });

  test('does not make a mutation run again, which may have been carried out', async () => {
    loseFirst();
    expect(await ask('mutation { taskCreate }')).toEqual(outcomeUnknown);
    expect(asked).toBe(1);
  });
});
