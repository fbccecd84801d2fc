import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { person } from '../identity/actor.ts';
import {
  createStatementReader,
  requestBody,
  signingKey,
  signStatement,
  verifyStatement,
} from '../identity/statement.ts';

const KEY = signingKey('a key of at least 32 characters .');
const ADA = person({ id: randomUUID(), displayName: 'Ada Łovelace 👩‍💻', avatarUrl: null });
const BODY = '{"query":"{ project { id } }"}';
const REFUSED = { code: 'UNAUTHENTICATED', message: expect.stringContaining('Only the gateway') };

const digest = createHash('sha256').update(BODY).digest('base64url');
/** The claims of the gateway, with changes; undefined removes one. */
const claims = (changes: Record<string, unknown> = {}) => ({
  actor: ADA,
  body: digest,
  iss: 'team-board-gateway',
  aud: 'projects',
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 60,
  jti: randomUUID(),
  ...changes,
});
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const sign = (payload: Record<string, unknown>, key = KEY, alg = 'HS256') =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);
const verify = async (statement: string | undefined, body: string | Uint8Array = BODY) =>
  (await verifyStatement(KEY, 'projects', statement, body)).actor;

describe("the gateway's statement", () => {
  test('names the actor to the same subgraph, for the same body', async () => {
    const statement = await signStatement(KEY, 'projects', ADA, BODY);

    expect(await verify(statement)).toEqual(ADA);
    expect(await verify(statement, Buffer.from(BODY))).toEqual(ADA);
  });

  test('is refused for another subgraph', async () => {
    const statement = await signStatement(KEY, 'projects', ADA, BODY);
    await expect(verifyStatement(KEY, 'agents', statement, BODY)).rejects.toMatchObject(REFUSED);
  });

  test.each(['', `${BODY} `, BODY.toUpperCase()])('is refused over another body: %j', async (body) => {
    const statement = await signStatement(KEY, 'projects', ADA, BODY);
    await expect(verify(statement, body)).rejects.toMatchObject(REFUSED);
  });

  test('is refused when another key signed it', async () => {
    const other = signingKey('another key of 32 characters ....');
    const statement = await signStatement(other, 'projects', ADA, BODY);
    await expect(verify(statement)).rejects.toMatchObject(REFUSED);
  });

  test('has the claims that the tests below change', async () => {
    expect(await verify(await sign(claims()))).toEqual(ADA);
  });

  test.each([
    ['without a signature', () => new UnsecuredJWT(claims()).encode()],
    ['with another algorithm', () => sign(claims(), KEY, 'HS384')],
    ['of another issuer', () => sign(claims({ iss: 'somebody' }))],
    ['without an issuer', () => sign(claims({ iss: undefined }))],
    ['without an audience', () => sign(claims({ aud: undefined }))],
    ['without an expiry', () => sign(claims({ exp: undefined }))],
    ['without a time of issue', () => sign(claims({ iat: undefined }))],
    ['that was issued long ago', () => sign(claims({ iat: seconds(-120) }))],
    ['that will be issued', () => sign(claims({ iat: seconds(60) }))],
    ['that lives for a year', () => sign(claims({ exp: seconds(31_536_000) }))],
    ['without an id', () => sign(claims({ jti: undefined }))],
    ['without an actor', () => sign(claims({ actor: undefined }))],
    ['without a digest of the body', () => sign(claims({ body: undefined }))],
    ['that is missing', () => undefined],
    ['that is nonsense', () => 'a.b.c'],
    ['with text behind it', async () => `${await sign(claims())}x`],
  ])('is refused: one %s', async (_how, make) => {
    await expect(verify(await make())).rejects.toMatchObject(REFUSED);
  });
});

describe('a statement that is read by a service', () => {
  test('tells until when the gateway waits', async () => {
    const read = createStatementReader(KEY, 'projects');
    expect(await read(await signStatement(KEY, 'projects', ADA, BODY, 1_234), BODY)).toMatchObject({
      ...{ actor: ADA, deadlineAt: 1_234 },
    });
    expect(await read(await signStatement(KEY, 'projects', ADA, BODY), BODY)).toMatchObject({
      deadlineAt: undefined,
    });
  });

  test('counts once', async () => {
    const read = createStatementReader(KEY, 'projects');
    const statement = await signStatement(KEY, 'projects', ADA, BODY);
    await read(statement, BODY);

    await expect(read(statement, BODY)).rejects.toMatchObject(REFUSED);
    await read(await signStatement(KEY, 'projects', ADA, BODY), BODY);
  });

  test('is for one method and one address', async () => {
    const read = createStatementReader(KEY, 'projects');
    const statement = await signStatement(KEY, 'projects', ADA, requestBody('POST', '/graphql', BODY));

    for (const covered of [requestBody('GET', '/graphql', BODY), requestBody('POST', '/agents', BODY), BODY])
      await expect(read(statement, covered)).rejects.toMatchObject(REFUSED);
    await read(statement, requestBody('POST', '/graphql', BODY));
  });
});

describe('the lifetime of a statement', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is 60 seconds', async () => {
    const statement = await signStatement(KEY, 'projects', ADA, BODY);
    const start = Date.now();

    jest.setSystemTime(start + 59_000);
    expect(await verify(statement)).toEqual(ADA);
    jest.setSystemTime(start + 66_000); // the clocks may differ by 5 seconds
    await expect(verify(statement)).rejects.toMatchObject(REFUSED);
  });
});
