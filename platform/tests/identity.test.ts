import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { signingKey, signViewer, type Viewer, verifyViewer } from '../identity/statement.ts';

const KEY = signingKey('a key of at least 32 characters .');
const ADA: Viewer = { id: randomUUID(), displayName: 'Ada Łovelace 👩‍💻', avatarUrl: null };
const BODY = '{"query":"{ project { id } }"}';
const REFUSED = { code: 'UNAUTHENTICATED', message: expect.stringContaining('Only the gateway') };

const digest = createHash('sha256').update(BODY).digest('base64url');
/** What the gateway would sign, with changes. */
const claims = (changes: Record<string, unknown> = {}) => ({
  name: 'Ada',
  picture: null,
  body: digest,
  sub: ADA.id,
  iss: 'team-board-gateway',
  aud: 'projects',
  exp: Math.floor(Date.now() / 1000) + 60,
  ...changes,
});
const sign = (payload: Record<string, unknown>, key = KEY, alg = 'HS256') =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

describe("the gateway's statement", () => {
  test('brings the viewer, for the same subgraph and the same bytes', async () => {
    const statement = await signViewer(KEY, 'projects', ADA, BODY);

    expect(await verifyViewer(KEY, 'projects', statement, BODY)).toEqual(ADA);
    expect(await verifyViewer(KEY, 'projects', statement, Buffer.from(BODY))).toEqual(ADA);
  });

  test('is refused for another subgraph', async () => {
    const statement = await signViewer(KEY, 'projects', ADA, BODY);
    await expect(verifyViewer(KEY, 'agents', statement, BODY)).rejects.toMatchObject(REFUSED);
  });

  test.each(['', `${BODY} `, BODY.toUpperCase()])('is refused over another body: %j', async (body) => {
    const statement = await signViewer(KEY, 'projects', ADA, BODY);
    await expect(verifyViewer(KEY, 'projects', statement, body)).rejects.toMatchObject(REFUSED);
  });

  test('is refused when another key signed it', async () => {
    const other = signingKey('another key of 32 characters ....');
    const statement = await signViewer(other, 'projects', ADA, BODY);
    await expect(verifyViewer(KEY, 'projects', statement, BODY)).rejects.toMatchObject(REFUSED);
  });

  test('is made as the tests below make it', async () => {
    const statement = await sign(claims());
    expect(await verifyViewer(KEY, 'projects', statement, BODY)).toMatchObject({ id: ADA.id });
  });

  test.each([
    ['by nobody', () => new UnsecuredJWT(claims()).encode()],
    ['by another algorithm', () => sign(claims(), KEY, 'HS384')],
    ['by another issuer', () => sign(claims({ iss: 'somebody' }))],
    ['without an issuer', () => sign(claims({ iss: undefined }))],
    ['for nobody', () => sign(claims({ aud: undefined }))],
    ['for ever', () => sign(claims({ exp: undefined }))],
    ['about nobody', () => sign(claims({ sub: undefined }))],
    ['about what is no person', () => sign(claims({ sub: "' or true --" }))],
    ['over nothing', () => sign(claims({ body: undefined }))],
    ['not at all', () => undefined],
    ['as nonsense', () => 'a.b.c'],
    ['with more behind it', async () => `${await sign(claims())}x`],
  ])('is refused when it is signed %s', async (_how, make) => {
    const statement = await make();
    await expect(verifyViewer(KEY, 'projects', statement, BODY)).rejects.toMatchObject(REFUSED);
  });
});

describe('after a while', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a statement is good for 59 seconds, and refused after 60', async () => {
    const statement = await signViewer(KEY, 'projects', ADA, BODY);
    const start = Date.now();

    jest.setSystemTime(start + 59_000);
    expect(await verifyViewer(KEY, 'projects', statement, BODY)).toEqual(ADA);
    jest.setSystemTime(start + 61_000);
    await expect(verifyViewer(KEY, 'projects', statement, BODY)).rejects.toMatchObject(REFUSED);
  });
});
