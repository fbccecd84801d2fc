import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportSPKI, generateKeyPair } from 'jose';
import { until } from '../../platform/testing/wait.ts';
import type { Authenticate } from '../sign-in.ts';
import { createTokenVerifier } from '../token.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';

let provider: Provider;
let authenticate: Authenticate;
beforeEach(async () => {
  provider = await openProvider();
  authenticate = createTokenVerifier({ issuer: provider.issuer, clientId: CLIENT_ID });
});
afterEach(() => provider.stop());

const now = () => Math.floor(Date.now() / 1000);
const signIn = async (token: string | Promise<string>) => authenticate(`Bearer ${await token}`);
const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'signed in',
    ({ code }) => code,
  );
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token of the provider', () => {
  test('names the person and the time of expiry', async () => {
    const exp = now() + 60;
    expect(await signIn(provider.token({ exp, picture: 'https://example.com/ada.png' }))).toEqual({
      actor: {
        kind: 'person',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        displayName: 'Ada',
        avatarUrl: 'https://example.com/ada.png',
      },
      expiresAt: exp * 1000,
    });
  });

  test('is the same person after a change of name, and another person with another subject', async () => {
    const { actor } = await signIn(provider.token());
    const renamed = await signIn(provider.token({ name: 'Countess' }));
    const other = await signIn(provider.token({ sub: 'bob' }));
    expect(renamed.actor.id).toBe(actor.id);
    expect(other.actor.id).not.toBe(actor.id);
  });

  test('gives a display name without the claim `name`, and no picture without https', async () => {
    const claims = { name: undefined, preferred_username: 'ada', picture: 'http://example.com/ada.png' };
    expect((await signIn(provider.token(claims))).actor).toMatchObject({
      displayName: 'ada',
      avatarUrl: null,
    });
  });

  test('may be signed with ES256, and with a key that the provider added later', async () => {
    await provider.addKey('curve', 'ES256');
    expect(await codeOf(signIn(provider.token({}, { alg: 'ES256', kid: 'curve' })))).toBe('signed in');
  });

  test('is accepted up to 30 seconds after it expired, because clocks differ', async () => {
    expect(await codeOf(signIn(provider.token({ exp: now() - 25 })))).toBe('signed in');
  });
});

describe('a token is refused', () => {
  test.each<[string, (of: Provider) => string | Promise<string>]>([
    ['that is nonsense', () => 'nonsense'],
    ['that has expired', (of) => of.token({ exp: now() - 31 })],
    ['that is not valid yet', (of) => of.token({ nbf: now() + 60 })],
    ['that never expires', (of) => of.token({ exp: undefined })],
    ['without a subject', (of) => of.token({ sub: undefined })],
    ['of another issuer', (of) => of.token({ iss: 'https://evil.example/' })],
    ['of the issuer without its slash', (of) => of.token({ iss: of.issuer.slice(0, -1) })],
    ['for another application', (of) => of.token({ aud: 'another' })],
    [
      'without a signature',
      (of) =>
        `${base64({ alg: 'none' })}.${base64({ iss: of.issuer, aud: CLIENT_ID, sub: 'ada', exp: now() + 60 })}.`,
    ],
    [
      'that is signed with the public key as a shared secret',
      async (of) =>
        of.token({}, { alg: 'HS256' }, new TextEncoder().encode(await exportSPKI(of.publicKey('first')))),
    ],
    [
      'of a key that the provider does not publish',
      async (of) => of.token({}, { kid: 'unknown' }, (await generateKeyPair('RS256')).privateKey),
    ],
    [
      'that is signed with another key under a known name',
      async (of) => of.token({}, {}, (await generateKeyPair('RS256')).privateKey),
    ],
    [
      'whose claims were changed',
      async (of) => {
        const [header, , signature] = (await of.token()).split('.');
        return `${header}.${base64({ iss: of.issuer, aud: CLIENT_ID, sub: 'bob', exp: now() + 60 })}.${signature}`;
      },
    ],
  ])('%s', async (_name, token) => {
    expect(await codeOf(signIn(token(provider)))).toBe('UNAUTHENTICATED');
  });

  test.each([undefined, '', 'Basic YTpi', 'Bearer', 'Development Ada'])(
    'in an Authorization of %j',
    async (text) => {
      expect(await codeOf(authenticate(text))).toBe('UNAUTHENTICATED');
    },
  );
});

describe('the provider', () => {
  test('is not asked again for every unknown key', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    for (let number = 0; number < 50; number++)
      await codeOf(signIn(provider.token({}, { kid: `unknown-${number}` }, privateKey)));
    expect(provider.keyRequests()).toBeLessThanOrEqual(2);
  });

  test('may be down: known keys stay valid, and unknown ones are refused', async () => {
    await signIn(provider.token());
    await provider.stop();
    expect(await codeOf(signIn(provider.token()))).toBe('signed in');
    const { privateKey } = await generateKeyPair('RS256');
    expect(await codeOf(signIn(provider.token({}, { kid: 'unknown' }, privateKey)))).toBe('UNAUTHENTICATED');
  });

  test('may be down at the start: sign-in is UNAVAILABLE until it is back', async () => {
    const token = provider.token();
    await provider.stop();
    expect(await codeOf(signIn(token))).toBe('UNAVAILABLE');
    await provider.start();
    await until('it is asked again', async () => (await codeOf(signIn(token))) === 'signed in');
  });

  test('must have exactly the issuer of the settings', async () => {
    const misled = createTokenVerifier({ issuer: provider.issuer.slice(0, -1), clientId: CLIENT_ID });
    expect(await codeOf(misled(`Bearer ${await provider.token()}`))).toBe('UNAVAILABLE');
  });
});
