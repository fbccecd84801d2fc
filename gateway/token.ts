import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { request } from 'undici';
import { v5 as uuidV5 } from 'uuid';
import { z } from 'zod';
import { type Person, person } from '../platform/identity/actor.ts';
import { DomainError } from '../platform/input/errors.ts';
import { cutText } from '../platform/input/text.ts';
import type { Authenticate } from './sign-in.ts';

export interface TokenVerifierOptions {
  issuer: string;
  clientId: string;
}

const CLOCK_TOLERANCE_SECONDS = 30;
const DISCOVERY_TIMEOUT_MS = 5_000;
/** How long to wait after a failed discovery before the next one. */
const DISCOVERY_PAUSE_MS = 2_000;
/** How long to use the known keys after the provider did not answer, before asking it again. */
const KEYS_PAUSE_MS = 30_000;
const DISPLAY_NAME_CHARACTERS_MAX = 200;

/** The namespace of people's ids, which derive from issuer and subject: names and e-mail addresses change. */
const PEOPLE = '8d7a0f52-6b83-5d1c-8e19-4c5f2b9d7e31';

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/**
 * Creates the sign-in with access tokens of one OIDC provider. Discovery finds the provider's keys at the first token.
 *
 * A token must be signed with RS256 or ES256 (not `none`, and not HS256 with the public key as the secret), name exactly
 * this issuer and audience, and have `exp` and `sub`. Known keys stay in use while the provider is down.
 */
export function createTokenVerifier({ issuer, clientId }: TokenVerifierOptions): Authenticate {
  const findKey = createKeyFinder(issuer);
  return async (authorization) => {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
    if (!token) throw refused('Sign in: send `Authorization: Bearer <access token>`.');
    const payload = await verify(token, { issuer, clientId }, findKey);
    return { actor: personOf(payload, issuer), expiresAt: payload.exp! * 1000 };
  };
}

const refused = (message: string) => new DomainError('UNAUTHENTICATED', message);

async function verify(
  token: string,
  { issuer, clientId }: TokenVerifierOptions,
  findKey: JWTVerifyGetKey,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, findKey, {
      issuer,
      audience: clientId,
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    if (error instanceof errors.JWTExpired) throw refused('The access token has expired. Renew it.');
    throw refused('The access token is not valid here.');
  }
}

function personOf(claims: JWTPayload, issuer: string): Person {
  const name = [claims['name'], claims['preferred_username']].find(
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  );
  const picture = claims['picture'];
  return person({
    id: uuidV5(`${issuer}|${claims.sub}`, PEOPLE),
    displayName: cutText((name ?? 'Unknown').trim(), DISPLAY_NAME_CHARACTERS_MAX),
    avatarUrl: typeof picture === 'string' && picture.startsWith('https://') ? picture : null,
  });
}

/** Finds the key of a token. Throws UNAVAILABLE when no keys are known yet and the provider does not answer. */
function createKeyFinder(issuer: string): JWTVerifyGetKey {
  let discovery: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;
  let failedAt = 0;
  const discoverOnce = () => {
    if (!discovery && Date.now() - failedAt < DISCOVERY_PAUSE_MS) throw providerDown();
    discovery ??= discover(issuer).catch((error: unknown) => {
      discovery = null;
      failedAt = Date.now();
      throw error;
    });
    return discovery;
  };
  return async (header, token) => {
    const remote = await discoverOnce();
    const known = remote.jwks();
    if (known && Date.now() - failedAt < KEYS_PAUSE_MS) return createLocalJWKSet(known)(header, token);
    try {
      return await remote(header, token);
    } catch (error) {
      // The provider answered: the token names an unknown key or another algorithm.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported) throw error;
      failedAt = Date.now();
      if (!known) throw providerDown();
      return createLocalJWKSet(known)(header, token);
    }
  };
}

const providerDown = () =>
  new DomainError(
    'UNAVAILABLE',
    'Sign-in cannot be checked now, as its provider does not answer. Try again later.',
  );

async function discover(issuer: string) {
  try {
    const { statusCode, body } = await request(
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      {
        signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS),
      },
    );
    const found = Discovery.parse(await body.json());
    if (statusCode !== 200 || found.issuer !== issuer) throw new Error(`${found.issuer} is not ${issuer}`);
    return createRemoteJWKSet(new URL(found.jwks_uri), { timeoutDuration: DISCOVERY_TIMEOUT_MS });
  } catch {
    throw providerDown();
  }
}
