import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPair } from 'jose';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { until } from '../../platform/testing/wait.ts';
import type { Authenticate } from '../sign-in.ts';
import { createTokenVerifier } from '../token.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';

const NO_ADMINS = { people: [], group: null, groupsClaim: 'groups' };

let provider: Provider;
let authenticate: Authenticate;
const verifier = (keysMaxAgeMs = 60_000, issuer = provider.issuer) =>
  createTokenVerifier({ issuer, clientId: CLIENT_ID, keysMaxAgeMs, admins: NO_ADMINS, log: testLog });
beforeEach(async () => {
  provider = await openProvider();
  authenticate = verifier();
});
afterEach(() => provider.stop());

const codeOf = async (token: string | Promise<string>, by = authenticate): Promise<string> =>
  by(`Bearer ${await token}`).then(
    () => 'signed in',
    ({ code }) => code,
  );
const of = (kid: string) => provider.token({}, { kid });
/** A token of a key that the provider has never published. */
const unknown = async (kid = 'unknown') =>
  provider.token({}, { kid }, (await generateKeyPair('RS256')).privateKey);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** An unsigned token without `kid`, whose claims are right. */
const unsigned = async () => {
  const [, claims] = (await of('first')).split('.');
  return `${base64({ alg: 'RS256' })}.${claims}.c2ln`;
};
const elapsedMs = async (work: Promise<unknown>) => {
  const before = performance.now();
  await work;
  return performance.now() - before;
};

/** Sends tokens that nobody can verify until it is stopped, many at a time. */
function flood(token: string, atATime = 50) {
  let isOver = false;
  const codes = new Map<string, number>();
  const send = async () => {
    while (!isOver) {
      const code = await codeOf(token);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      await new Promise(setImmediate);
    }
  };
  const ended = Promise.all(Array.from({ length: atATime }, send));
  return {
    codes,
    async stop() {
      isOver = true;
      await ended;
    },
  };
}

describe('a new key', () => {
  test('is good within a second, asked once', async () => {
    await codeOf(of('first'));
    await provider.addKey('second');
    const took = await elapsedMs(codeOf(of('second')).then((code) => expect(code).toBe('signed in')));
    expect(took).toBeLessThan(1_000);
  });

  test.each([
    ['tokens of unknown keys', () => unknown()],
    ['unsigned tokens without a key id', unsigned],
  ])('is good within a second during a flood of %s, which delays no known key', async (_name, attack) => {
    await provider.addKey('other'); // so that a token without `kid` could be of either
    await codeOf(of('first'));
    const before = provider.keyRequests();
    const startedAt = performance.now();
    const attacked = flood(await attack());
    for (const kid of ['second', 'third']) {
      await provider.addKey(kid);
      const took = await elapsedMs(codeOf(of(kid)).then((code) => expect(code).toBe('signed in')));
      expect(took).toBeLessThan(1_000);
    }
    expect(await elapsedMs(codeOf(of('first')))).toBeLessThan(250);
    await attacked.stop();
    expect([...attacked.codes.keys()]).toEqual(['UNAUTHENTICATED']);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(provider.keyRequests() - before).toBeLessThanOrEqual(2 * seconds + 2);
  });

  test('is found for fifty tokens by one request', async () => {
    await codeOf(of('first'));
    const codes = await Promise.all(
      Array.from({ length: 50 }, async (_, number) => codeOf(unknown(`unknown-${number}`))),
    );
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']));
    expect(provider.keyRequests()).toBeLessThanOrEqual(3);
  });

  test('that replaces one with the same type is found for tokens without a key id', async () => {
    await codeOf(of('first'));
    provider.removeKey('first');
    await provider.addKey('second');
    expect(await codeOf(provider.tokenWithoutKeyId('second'))).toBe('signed in');
  });
});

test('a token without a key id is good whichever of several keys has signed it', async () => {
  await provider.addKey('second');
  await provider.addKey('third');
  for (const kid of ['first', 'second', 'third'])
    expect(await codeOf(provider.tokenWithoutKeyId(kid))).toBe('signed in');
});

test('a removed key is good no longer than the keys may be old', async () => {
  const brief = verifier(1_000);
  await provider.addKey('second');
  const old = await of('first');
  const other = await of('second');
  expect(await codeOf(old, brief)).toBe('signed in');
  provider.removeKey('first');
  const took = await elapsedMs(
    until('it is refused', async () => (await codeOf(old, brief)) === 'UNAUTHENTICATED', 3_000),
  );
  expect(took).toBeLessThan(1_500);
  expect(await codeOf(other, brief)).toBe('signed in');
});

describe('while the provider does not answer', () => {
  test.each(['answers HTML', 'answers 500', 'hangs'] as const)(
    'known keys stay good, and what cannot be checked is UNAVAILABLE: it %s',
    async (behaviour) => {
      const brief = verifier(300);
      const known = await of('first');
      expect(await codeOf(known, brief)).toBe('signed in');
      await provider.addKey('second');
      provider.becomes(behaviour);
      expect(await codeOf(of('second'), brief)).toBe('UNAVAILABLE');
      for (let time = 0; time < 5; time++) expect(await codeOf(known, brief)).toBe('signed in');
      provider.becomes('answers');
      await until(
        'the new key is good',
        async () => (await codeOf(of('second'), brief)) === 'signed in',
        3_000,
      );
    },
    15_000,
  );

  test('a rotated key is UNAVAILABLE, and good as soon as the provider is back', async () => {
    await codeOf(of('first'));
    await provider.addKey('second');
    const rotated = await of('second');
    await provider.stop();
    expect(await codeOf(rotated)).toBe('UNAVAILABLE');
    expect(await codeOf(unknown())).toBe('UNAVAILABLE');
    await provider.start();
    const took = await elapsedMs(
      until('it is good', async () => (await codeOf(rotated)) === 'signed in', 5_000),
    );
    expect(took).toBeLessThan(4_500);
  });

  test('the faults of a token itself are its own', async () => {
    await provider.stop();
    for (const token of [
      'nonsense',
      provider.token({ exp: 1 }),
      provider.token({ aud: 'another' }),
      provider.token({ iss: 'https://evil.example/' }),
      provider.token({ sub: '' }),
      provider.token({ nonce: 'of an ID token' }),
    ])
      expect(await codeOf(token)).toBe('UNAUTHENTICATED');
    expect(await codeOf(of('first'))).toBe('UNAVAILABLE');
  });

  test('at the start, sign-in is UNAVAILABLE until it is back', async () => {
    const token = of('first');
    await provider.stop();
    expect(await codeOf(token)).toBe('UNAVAILABLE');
    await provider.start();
    await until('it is asked again', async () => (await codeOf(token)) === 'signed in', 5_000);
  });
});

test('the provider must have exactly the issuer of the settings', async () => {
  const misled = verifier(60_000, provider.issuer.slice(0, -1));
  const token = provider.token({ iss: provider.issuer.slice(0, -1) });
  expect(await codeOf(token, misled)).toBe('UNAVAILABLE');
});
