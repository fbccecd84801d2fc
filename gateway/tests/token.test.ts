import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportSPKI, generateKeyPair } from 'jose';
import { type CapturedLog, captureLog } from '../../platform/testing/captured-log.ts';
import type { Authenticate } from '../sign-in.ts';
import { createTokenVerifier } from '../token.ts';
import { CLIENT_ID, type Claims, openProvider, type Provider } from './provider.ts';

let provider: Provider;
let authenticate: Authenticate;
let logged: CapturedLog;
beforeEach(async () => {
  provider = await openProvider();
  logged = captureLog();
  authenticate = createTokenVerifier({
    issuer: provider.issuer,
    clientId: CLIENT_ID,
    keysMaxAgeMs: 60_000,
    admins: { people: ['root'], group: 'board admins', groupsClaim: 'groups' },
    log: logged.log,
  });
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
        workspaceRole: 'MEMBER',
      },
      expiresAt: exp * 1000,
    });
  });

  test.each([
    ['a person whom the settings name', { sub: 'root' }, 'ADMIN'],
    ['a member of the admins’ group', { groups: ['staff', 'board admins'] }, 'ADMIN'],
    ['a member of that group alone', { groups: 'board admins' }, 'ADMIN'],
    ['a member of other groups', { groups: ['Board Admins', 'board'] }, 'MEMBER'],
    ['somebody whose claim is no list of groups', { groups: { 'board admins': true } }, 'MEMBER'],
    ['somebody who states a role', { workspaceRole: 'ADMIN', role: 'ADMIN' }, 'MEMBER'],
  ])('gives %s the role of the settings', async (_who, claims, workspaceRole) => {
    const token = provider.token(claims as Partial<Claims>);
    expect((await signIn(token)).actor).toMatchObject({ workspaceRole });
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

  test.each([
    ['too long', `https://example.com/${'x'.repeat(2_000)}`],
    ['of 20 KB', `https://example.com/${'x'.repeat(20_000)}`],
    ['too long once it is ASCII', `https://example.com/${'ü'.repeat(1_900)}`],
    ['with another scheme', 'javascript:alert(1)'],
    ['that is no address', 'https://'],
    ['that is not text', { url: 'https://example.com' }],
  ])('has no picture when that is %s', async (_name, picture) => {
    expect((await signIn(provider.token({ picture }))).actor).toMatchObject({ avatarUrl: null });
  });

  test('has a picture whose address is clean, and a bounded name', async () => {
    const { actor } = await signIn(
      provider.token({ picture: 'https://example.com/a\0b\nc ü.png', name: 'x'.repeat(5_000) }),
    );
    expect(actor).toMatchObject({
      avatarUrl: 'https://example.com/a%00bc%20%C3%BC.png',
      displayName: 'x'.repeat(200),
    });
  });

  test('may have a subject of 255 characters', async () => {
    expect(await codeOf(signIn(provider.token({ sub: 'x'.repeat(255) })))).toBe('signed in');
  });

  test('has a name without what nobody sees, and another one when nothing of it can be seen', async () => {
    const actorOf = async (claims: Record<string, unknown>) => (await signIn(provider.token(claims))).actor;
    expect((await actorOf({ name: '\u202EA\u200Bda\n\u0007' })).displayName).toBe('Ada');
    expect((await actorOf({ name: 'é'.repeat(5_000) })).displayName).toHaveLength(200);
    expect((await actorOf({ name: '\u3164\u200B', preferred_username: 'ada' })).displayName).toBe('ada');
    expect((await actorOf({ name: 'A\0da\ud800' })).displayName).toBe('A\uFFFDda\uFFFD');
    expect((await actorOf({ name: ['Ada'], preferred_username: {} })).displayName).toBe('Unknown');
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

  const OF_AUTHENTIK = {
    auth_time: 1,
    acr: 'goauthentik.io/providers/oauth2/default',
    amr: ['pwd'],
    sid: 's',
  };
  const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };

  test.each<[string, Claims, string]>([
    ['an ID token of Authentik', { ...OF_AUTHENTIK, nonce: 'n' }, 'JWT'],
    ['an ID token of Authentik without a nonce', OF_AUTHENTIK, 'JWT'],
    ['an ID token with the hash of an access token', { at_hash: 'h', scope: 'openid' }, 'JWT'],
    ['an ID token with the hash of a code', { c_hash: 'h', azp: CLIENT_ID, uid: 'u' }, 'JWT'],
    ['an ID token of Keycloak', { typ: 'ID', azp: CLIENT_ID, nonce: 'n', sid: 's' }, 'JWT'],
    ['a refresh token of Keycloak', { typ: 'Refresh', azp: CLIENT_ID, scope: 'openid' }, 'JWT'],
    ['an ID token of Cognito', { token_use: 'id' }, 'JWT'],
    ['a logout token', { events: LOGOUT, sid: 's' }, 'logout+jwt'],
    ['a logout token without its type', { events: LOGOUT }, 'JWT'],
    ['a security event', {}, 'secevent+jwt'],
    ['a proof of possession', {}, 'dpop+jwt'],
    ['a signed request', {}, 'application/oauth-authz-req+jwt'],
  ])('that is of another kind: %s', async (_name, claims, typ) => {
    expect(await codeOf(signIn(provider.token(claims, { typ })))).toBe('UNAUTHENTICATED');
  });

  test.each<[string, Claims, string]>([
    ['of Authentik', { ...OF_AUTHENTIK, nonce: 'n', azp: CLIENT_ID, uid: 'u' }, 'JWT'],
    ['of Authentik with its scope', { ...OF_AUTHENTIK, azp: CLIENT_ID, uid: 'u', scope: 'openid' }, 'JWT'],
    ['of RFC 9068', { auth_time: 1, acr: '0', client_id: CLIENT_ID, scope: 'a' }, 'at+jwt'],
    ['of RFC 9068 with the whole type', { auth_time: 1 }, 'application/at+jwt'],
    ['of Keycloak', { typ: 'Bearer', azp: CLIENT_ID, sid: 's', scope: 'openid' }, 'JWT'],
    ['of Cognito', { token_use: 'access', auth_time: 1, client_id: CLIENT_ID }, 'JWT'],
    ['with few claims', {}, 'JWT'],
  ])('but not an access token %s', async (_name, claims, typ) => {
    expect(await codeOf(signIn(provider.token(claims, { typ })))).toBe('signed in');
  });

  test.each([[''], ['  '], [null], [7], [{ id: 'ada' }], [['ada']], ['x'.repeat(256)], ['half \ud800']])(
    'with the subject %j',
    async (sub) => {
      expect(await codeOf(signIn(provider.token({ sub: sub as string })))).toBe('UNAUTHENTICATED');
    },
  );

  test.each([undefined, '', 'Basic YTpi', 'Bearer', 'Development Ada'])(
    'in an Authorization of %j',
    async (text) => {
      expect(await codeOf(authenticate(text))).toBe('UNAUTHENTICATED');
    },
  );
});

describe('the log of a refused token', () => {
  test.each([
    [{ aud: 'another' }, '`aud` is not AUTHENTIK_CLIENT_ID'],
    [{ iss: 'https://elsewhere.example/' }, '`iss` is not AUTHENTIK_ISSUER'],
    [{ sub: '' }, '`sub` is no text of 1 to 255 characters'],
    [{ exp: 1 }, 'it has expired'],
  ] as [Claims, string][])('tells the operator why: %j', async (claims, reason) => {
    await codeOf(signIn(provider.token(claims)));
    expect(logged.records('sign-in.refused')).toMatchObject([{ reason }]);
  });
});
