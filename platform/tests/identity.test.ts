import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { person } from '../identity/actor.ts';
import { signingKey, signStatement, verifyStatement } from '../identity/statement.ts';

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
  exp: Math.floor(Date.now() / 1000) + 60,
  ...changes,
});
const sign = (payload: Record<string, unknown>, key = KEY, alg = 'HS256') =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);
const verify = (statement: string | undefined, body: string | Uint8Array = BODY) =>
  verifyStatement(KEY, 'projects', statement, body);

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
    ['without an actor', () => sign(claims({ actor: undefined }))],
    ['without a digest of the body', () => sign(claims({ body: undefined }))],
    ['that is missing', () => undefined],
    ['that is nonsense', () => 'a.b.c'],
    ['with text behind it', async () => `${await sign(claims())}x`],
  ])('is refused: one %s', async (_how, make) => {
    await expect(verify(await make())).rejects.toMatchObject(REFUSED);
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
    jest.setSystemTime(start + 61_000);
    await expect(verify(statement)).rejects.toMatchObject(REFUSED);
  });
});
