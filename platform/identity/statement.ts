import { createHash } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { DomainError } from '../input/errors.ts';
import { RequestActor } from './actor.ts';

/** Long enough for one request, too short to be worth stealing. */
const STATEMENT_SECONDS = 60;
const ISSUER = 'team-board-gateway';

/** The header that carries a statement. */
export const STATEMENT_HEADER = 'x-team-board-statement';
/** What the gateway signs for a WebSocket connection, which has no document yet. */
export const CONNECTION_BODY = 'connection_init';
/** What the gateway signs for a subscription; both sides write it the same way. */
export const subscriptionBody = (query: string, variables: unknown): string =>
  JSON.stringify([query, variables ?? {}]);

const Claims = z.object({ actor: RequestActor, body: z.string() });

export type SigningKey = Uint8Array;
export const signingKey = (secret: string): SigningKey => new TextEncoder().encode(secret);

/**
 * The gateway's word on who asks: a signed statement for one subgraph and one request, valid for 60 seconds.
 * It covers the body, so that it cannot be put on another request.
 */
export const signStatement = (
  key: SigningKey,
  subgraph: string,
  actor: RequestActor,
  body: string | Uint8Array,
) =>
  new SignJWT({ actor, body: digest(body) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(subgraph)
    .setExpirationTime(`${STATEMENT_SECONDS}s`)
    .sign(key);

/** Throws UNAUTHENTICATED unless the gateway signed this very request for this subgraph within the last minute. */
export async function verifyStatement(
  key: SigningKey,
  subgraph: string,
  statement: string | undefined,
  body: string | Uint8Array,
): Promise<RequestActor> {
  try {
    const { payload } = await jwtVerify(statement ?? '', key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: subgraph,
      requiredClaims: ['exp'],
    });
    const claims = Claims.parse(payload);
    if (claims.body !== digest(body)) throw new Error('The statement covers another body');
    return claims.actor;
  } catch {
    throw new DomainError('UNAUTHENTICATED', 'Only the gateway may ask here, and it signs what it asks.');
  }
}

const digest = (body: string | Uint8Array) => createHash('sha256').update(body).digest('base64url');
