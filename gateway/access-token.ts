import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, type JWTPayload } from 'jose';

export interface UnverifiedToken {
  readonly header: Partial<JWTHeaderParameters>;
  readonly claims: JWTPayload;
}

/** Reads a token without verifying it. Returns null for what is not a JWT. */
export function readUnverified(token: string): UnverifiedToken | null {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return null;
  }
}

/** The types of access tokens: of RFC 9068, and the one of providers that do not name the kind, such as Authentik. */
const ACCESS_TYPES = new Set(['at+jwt', 'jwt']);
/** What providers call an access token in a claim: Keycloak in `typ`, Cognito in `token_use`. */
const ACCESS_KINDS = new Set(['access', 'access_token', 'at+jwt', 'bearer', 'jwt']);
const KIND_CLAIMS = ['typ', 'token_use', 'token_type'];
/** Claims that only ID tokens (OpenID Connect) and logout tokens have. */
const NEVER_IN_ACCESS_TOKENS = ['at_hash', 'c_hash', 's_hash', 'events'];
/** Claims of an ID token that an access token may repeat. Authentik's does. */
const OF_A_SIGN_IN = ['nonce', 'auth_time', 'acr', 'amr', 'sid'];

/**
 * Whether a token of the provider is recognisably no access token: an ID token, a logout token or a refresh token, which
 * the provider signs with the same key for the same audience.
 *
 * Authentik does not name the kind of a token. Its access tokens are its ID tokens with `azp` and `uid` added, so claims of
 * a sign-in are refused only where nothing shows an access token.
 */
export function isOtherKind({ header, claims }: UnverifiedToken): boolean {
  const type = header.typ === undefined ? 'jwt' : String(header.typ).toLowerCase();
  if (!ACCESS_TYPES.has(type.replace(/^application\//, ''))) return true;
  const kinds = KIND_CLAIMS.flatMap((name) => claims[name] ?? []);
  if (!kinds.every((kind) => ACCESS_KINDS.has(String(kind).toLowerCase()))) return true;
  if (NEVER_IN_ACCESS_TOKENS.some((name) => name in claims)) return true;
  const isShown =
    type.endsWith('at+jwt') ||
    kinds.length > 0 ||
    ['scope', 'scp', 'client_id'].some((name) => name in claims) ||
    ('azp' in claims && 'uid' in claims);
  return !isShown && OF_A_SIGN_IN.some((name) => name in claims);
}
