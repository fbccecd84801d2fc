import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { SubscriptionExtensions } from '../graphql/subscription-server.ts';
import { removeGrant, setGrant } from '../identity/grants.ts';
import { CONNECTION_BODY, signStatement, subscriptionBody } from '../identity/statement.ts';
import type { GraphqlServer } from '../subgraph/graphql-server.ts';
import { captureLog } from '../testing/captured-log.ts';
import { until } from '../testing/wait.ts';
import { ADA, BUG, crowd, KEY, serveLab, WRONG_STATEMENTS } from './lab-server.ts';
import { aStream, NoteStruck, openWorld, type World } from './world.ts';

let world: World;
let server: GraphqlServer;
let client: Client;
beforeAll(async () => {
  world = await openWorld();
  server = await serveLab(world.subgraph);
  client = connect(signed);
});
afterAll(async () => {
  await client.dispose();
  await server.close();
  await world.close();
});

type Sign = (body: string) => Promise<string> | undefined;
const signed: Sign = (body) => signStatement(KEY, 'lab', ADA, body);

const connect = (sign: Sign, port = server.port) =>
  createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: async () => ({ statement: await sign(CONNECTION_BODY) }),
  });

const NOTES = `subscription ($stream: String!, $after: EventCursor) {
  notes(stream: $stream, after: $after) { __typename cursor ... on NoteWritten { text context } }
}`;

interface Received {
  data?: { notes: { __typename: string; text?: string; context?: number } | null };
  errors?: { message: string; extensions: { code: string; errorId?: string } }[];
}

/** Subscribes and collects the results. `outcome` is how the subscription ended. */
async function follow(
  query: string,
  variables: Record<string, unknown>,
  sign = signed,
  through = client,
  requestId: unknown = 'request-of-ada-1',
) {
  const received: Received[] = [];
  const statement = await sign(subscriptionBody(query, variables));
  const extensions = { statement, requestId } as SubscriptionExtensions;
  const iterator = through.iterate({ query, variables, extensions });
  const outcome = (async () => {
    try {
      for await (const result of iterator) received.push(result as Received);
      return 'complete';
    } catch (error) {
      return error;
    }
  })();
  return {
    received,
    outcome,
    leave: () => iterator.return?.(),
    gets: (count: number) => until(`${count} results`, () => received.length >= count, 5_000),
  };
}

/** The stream of a notebook that Ada may read. */
let stream: string;
beforeEach(async () => {
  stream = aStream();
  await setGrant(world.em(), stream, ADA.id, 'VIEWER');
});

describe('a subscription that the gateway signed', () => {
  test('sends its events, each resolved in a new context', async () => {
    const { received, gets, leave } = await follow(NOTES, { stream });
    await gets(1);

    await world.write(stream, ['one', 'two']);
    await gets(3);

    const notes = received.map(({ data }) => data?.notes);
    expect(notes.map((note) => note?.text ?? note?.__typename)).toEqual(['StreamCaughtUp', 'one', 'two']);
    expect(notes[1]?.context).not.toBe(notes[2]?.context);
    await leave();
  });

  test('masks a bug in the resolver of one event and continues', async () => {
    const query = NOTES.replace('text context', 'text break');
    const { received, gets, leave } = await follow(query, { stream });
    await gets(1);

    await world.write(stream, ['one', 'two']);
    await gets(3);

    expect(received[1]).toMatchObject({
      data: { notes: { text: 'one' } },
      errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL' } }],
    });
    expect(received[2]).toMatchObject({ data: { notes: { text: 'two' } } });
    expect(JSON.stringify(received)).not.toContain(BUG);
    await leave();
  });

  test('sends no event without its fields: it is resolved again until the database gives them', async () => {
    const query = NOTES.replace('text context', 'text crowded');
    const { received, gets, leave } = await follow(query, { stream });
    await gets(1);

    crowd(3);
    await world.write(stream, ['one', 'two']);
    await gets(3);

    expect(received.slice(1)).toEqual(
      ['one', 'two'].map((text) => ({
        data: { notes: { __typename: 'NoteWritten', cursor: expect.any(String), text, crowded: 'read' } },
      })),
    );
    await leave();
  });

  test('ends before an event whose fields cannot be read for long, so that it can be resumed there', async () => {
    const query = NOTES.replace('text context', 'text crowded');
    const { received, outcome, gets } = await follow(query, { stream });
    await gets(1);

    crowd(Number.POSITIVE_INFINITY);
    await world.write(stream, ['one']);

    expect(await outcome).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
    expect(received).toHaveLength(1);
    crowd(0);
  });

  test('ends with NOT_FOUND when the rights end, while others on the same socket continue', async () => {
    const other = aStream();
    await setGrant(world.em(), other, ADA.id, 'VIEWER');
    const [ending, staying] = [await follow(NOTES, { stream }), await follow(NOTES, { stream: other })];
    await Promise.all([ending.gets(1), staying.gets(1)]);

    await removeGrant(world.em(), stream, ADA.id);
    await world.write(stream, ['rights changed'], { definition: NoteStruck });

    expect(await ending.outcome).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    await world.write(other, ['still here']);
    await staying.gets(2);
    await staying.leave();
  });

  test('is refused with a code for an invisible stream and for an invalid cursor', async () => {
    const notMine = await follow(NOTES, { stream: aStream() });
    const noCursor = await follow(NOTES, { stream, after: 'no cursor' });

    await Promise.all([notMine.outcome, noCursor.outcome]);
    expect(notMine.received).toMatchObject([{ errors: [{ extensions: { code: 'NOT_FOUND' } }] }]);
    expect(noCursor.received).toMatchObject([{ errors: [{ extensions: { code: 'INVALID' } }] }]);
  });

  test.each([
    ['a query', '{ whoAmI }', 'INVALID'],
    ['invalid syntax', 'subscription {', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('is refused with a code when it has %s', async (_what, query, code) => {
    const { outcome } = await follow(query, {});
    expect(await outcome).toMatchObject([{ extensions: { code } }]);
  });

  test('leaves the hub when the gateway leaves it', async () => {
    const { hub } = world.subgraph;
    let isFollowed = true;
    async function* watched(...args: Parameters<typeof hub.follow>) {
      try {
        yield* hub.follow(...args);
      } finally {
        isFollowed = false;
      }
    }
    const another = await serveLab({ ...world.subgraph, hub: { ...hub, follow: watched } });
    const through = connect(signed, another.port);
    const { gets, leave } = await follow(NOTES, { stream }, signed, through);
    await gets(1);

    await leave();

    await until('the follower has left the hub', () => !isFollowed);
    await through.dispose();
    await another.close();
  });
});

describe('the records of a subscription', () => {
  const logged = captureLog();
  let recording: GraphqlServer;
  let through: Client;
  beforeAll(async () => {
    recording = await serveLab({ ...world.subgraph, log: logged.log });
    through = connect(signed, recording.port);
  });
  afterAll(async () => {
    await through.dispose();
    await recording.close();
  });
  const followWith = (requestId: unknown, variables: Record<string, unknown> = { stream }) =>
    follow(NOTES.replace('text context', 'text break'), variables, signed, through, requestId);

  test('have the request id of the gateway, for each event', async () => {
    const { received, gets, leave } = await followWith('request-of-ada-1');
    await gets(1);

    await world.write(stream, ['one', 'two']);
    await gets(3);
    await leave();

    const records = logged.records('request.failed').slice(-2);
    const errorIds = received.slice(1).map(({ errors }) => errors?.[0]?.extensions.errorId);
    expect(records).toEqual(
      errorIds.map((errorId) => expect.objectContaining({ errorId, requestId: 'request-of-ada-1' })),
    );
  });

  test.each([null, 'short', { toString: 1 }])(
    'have a new request id in place of a missing or invalid one: %j',
    async (requestId) => {
      const { gets, leave } = await followWith(requestId);
      await gets(1);

      await world.write(stream, ['one', 'two']);
      await gets(3);
      await leave();

      const [first, second] = logged.records('request.failed').slice(-2);
      expect(first?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
      expect(second?.['requestId']).toBe(first?.['requestId']);
    },
  );
});

describe('a subscription that the gateway did not sign', () => {
  test.each(WRONG_STATEMENTS)('is refused as a connection: %s', async (_how, sign) => {
    const stranger = connect(sign);

    const { outcome, received } = await follow(NOTES, { stream }, signed, stranger);

    expect(await outcome).toMatchObject({ code: 4403 });
    expect(received).toEqual([]);
    await stranger.dispose();
  });

  test.each(WRONG_STATEMENTS)('is refused as a subscription: %s', async (_how, sign) => {
    const { outcome, received } = await follow(NOTES, { stream }, sign);

    expect(await outcome).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(received).toEqual([]);
  });

  test('may not send more than 1 MiB', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');

    socket.send(JSON.stringify({ type: 'connection_init', payload: { statement: 'x'.repeat(1_048_576) } }));

    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
  });
});

test('a server that is closed tells its clients that it restarts', async () => {
  const closing = await serveLab(world.subgraph);
  const through = connect(signed, closing.port);
  const { gets, outcome } = await follow(NOTES, { stream }, signed, through);
  await gets(1);

  await closing.close();

  expect(await outcome).toMatchObject({ code: 1012 });
});
