import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { v5 as uuidV5 } from 'uuid';
import { type Person, person } from '../platform/identity/actor.ts';
import { cleanLine } from '../platform/input/clean-text.ts';
import { DomainError } from '../platform/input/errors.ts';
import type { Logger } from '../platform/process/log.ts';
import { isOtherKind, readUnverified, type UnverifiedToken } from './access-token.ts';
import { createProviderKeys, type ProviderKeys, providerAway } from './provider-keys.ts';
import type { Authenticate } from './sign-in.ts';
import { readWorkspaceRole, type WorkspaceAdmins } from './workspace-role.ts';

export interface TokenVerifierOptions {
  issuer: string;
  clientId: string;
  /** How long a key stays good after the provider has removed it. */
  keysMaxAgeMs: number;
  admins: WorkspaceAdmins;
  log: Logger;
}

const ALGORITHMS = ['RS256', 'ES256'];
const CLOCK_TOLERANCE_SECONDS = 30;
/** A message of a WebSocket could hold a megabyte, which would be hashed before it is refused. */
const TOKEN_CHARACTERS_MAX = 65_536;
/** The bound of OpenID Connect. */
const SUBJECT_CHARACTERS_MAX = 255;
const PICTURE_CHARACTERS_MAX = 2_000;

/** The namespace of people's ids, which derive from issuer and subject: names and e-mail addresses change. */
const PEOPLE = '8d7a0f52-6b83-5d1c-8e19-4c5f2b9d7e31';

/**
 * Creates the sign-in with access tokens of one OIDC provider. Discovery finds the provider's keys at the first token.
 *
 * A token must be signed with RS256 or ES256 (not `none`, and not HS256 with the public key as the secret), name exactly
 * this issuer and audience, have `exp` and `sub`, and not be a token of another kind. What is wrong with a token itself is
 * UNAUTHENTICATED, also while the provider is away; UNAVAILABLE is only what the provider is needed for.
 */
export function createTokenVerifier(options: TokenVerifierOptions): Authenticate {
  const { issuer, keysMaxAgeMs, log } = options;
  const keys = createProviderKeys({ issuer, maxAgeMs: keysMaxAgeMs, log });
  return async (authorization) => {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
    if (!token) throw refused('Sign in: send `Authorization: Bearer <access token>`.');
    const unverified = token.length <= TOKEN_CHARACTERS_MAX ? readUnverified(token) : null;
    if (!unverified) throw refuseToken(options, NOT_VALID, 'it is no token, or too long');
    checkUnverified(unverified, options);
    const payload = await verify(token, unverified, options, keys);
    return { actor: personOf(payload, options), expiresAt: payload.exp! * 1000 };
  };
}

const refused = (message: string) => new DomainError('UNAUTHENTICATED', message);
/** Tells the operator why a token was refused. Clients hear less: the reason would help to forge one. */
function refuseToken(
  { log }: Pick<TokenVerifierOptions, 'log'>,
  message: string,
  reason: string,
): DomainError {
  log.info({ reason }, 'sign-in.refused');
  return refused(message);
}

const NOT_VALID = 'The access token is not valid here.';
const EXPIRED = 'The access token has expired. Renew it.';

/** Refuses what no key can make valid, so that the provider is not asked for it. */
function checkUnverified(token: UnverifiedToken, options: TokenVerifierOptions): void {
  const { header, claims } = token;
  const no = (reason: string, message = NOT_VALID) => refuseToken(options, message, reason);
  if (isOtherKind(token))
    throw no('it is no access token', 'Send an access token, not an ID token or another token.');
  if (claims.iss !== options.issuer) throw no('`iss` is not AUTHENTIK_ISSUER');
  if (![claims.aud].flat().includes(options.clientId)) throw no('`aud` is not AUTHENTIK_CLIENT_ID');
  if (!ALGORITHMS.includes(header.alg ?? '')) throw no('`alg` is not allowed');
  if (!isSubject(claims.sub)) throw no('`sub` is no text of 1 to 255 characters');
  if (typeof claims.exp !== 'number') throw no('`exp` is missing');
  if (claims.exp <= Date.now() / 1000 - CLOCK_TOLERANCE_SECONDS) throw no('it has expired', EXPIRED);
}

const isSubject = (sub: unknown): boolean =>
  typeof sub === 'string' && sub.trim() !== '' && sub.length <= SUBJECT_CHARACTERS_MAX && sub.isWellFormed();

/** Verifies a token with the known keys. If none of them has signed it, the provider may have a new one. */
async function verify(
  token: string,
  { header }: UnverifiedToken,
  options: TokenVerifierOptions,
  keys: ProviderKeys,
): Promise<JWTPayload> {
  const arrivedAt = performance.now();
  try {
    const known = await keys.known();
    try {
      return await verifyWith(known.find, token, options);
    } catch (error) {
      if (!isUnknownKey(error, header.kid) || known.askedAt >= arrivedAt) throw error;
    }
    const latest = await keys.askedAfter(arrivedAt);
    return await verifyWith(latest.find, token, options);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    if (error instanceof errors.JWTExpired) throw refuseToken(options, EXPIRED, 'it has expired');
    if (error instanceof errors.JOSEError) throw refuseToken(options, NOT_VALID, error.code);
    options.log.error({ err: error }, 'sign-in.unusable-key'); // a key of the provider that cannot be read
    throw providerAway();
  }
}

/** Whether a new key of the provider could make a token valid. A token without `kid` could be signed with any key. */
const isUnknownKey = (error: unknown, kid: string | undefined): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  (kid === undefined && error instanceof errors.JWSSignatureVerificationFailed);

async function verifyWith(
  find: JWTVerifyGetKey,
  token: string,
  { issuer, clientId }: TokenVerifierOptions,
): Promise<JWTPayload> {
  const rules = {
    issuer,
    audience: clientId,
    algorithms: ALGORITHMS,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  try {
    return (await jwtVerify(token, find, rules)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // The token does not say which of the keys has signed it.
    for await (const key of error) {
      const verified = await jwtVerify(token, key, rules).catch(orNotSigned);
      if (verified) return verified.payload;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

const orNotSigned = (error: unknown): null => {
  if (error instanceof errors.JWSSignatureVerificationFailed) return null;
  throw error;
};

/** Makes a person of the claims. They are bounded and cleaned here, because they travel in headers and become rows. */
function personOf(claims: JWTPayload, { issuer, admins }: TokenVerifierOptions): Person {
  const name = [claims['name'], claims['preferred_username']].find(
    (value): value is string => typeof value === 'string' && cleanLine(value) !== '',
  );
  return person({
    id: uuidV5(`${issuer}|${claims.sub}`, PEOPLE),
    displayName: name ?? 'Unknown',
    avatarUrl: readPicture(claims['picture']),
    workspaceRole: readWorkspaceRole(claims, admins),
  });
}

/** Returns an https address in ASCII of at most 2,000 characters, or null. */
function readPicture(picture: unknown): string | null {
  if (typeof picture !== 'string' || picture.length > PICTURE_CHARACTERS_MAX) return null;
  const address = URL.parse(picture);
  if (address?.protocol !== 'https:' || address.href.length > PICTURE_CHARACTERS_MAX) return null;
  return address.href;
}
