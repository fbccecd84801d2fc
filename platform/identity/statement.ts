import { createHash } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { DomainError } from '../input/errors.ts';
import { RequestActor } from './actor.ts';

/** Long enough for one request, and too short for a stolen statement to be of use. */
const STATEMENT_SECONDS = 60;
const ISSUER = 'team-board-gateway';

/** The header that carries a statement. */
export const STATEMENT_HEADER = 'x-team-board-statement';
/** The body that a statement for a WebSocket connection covers: it has no document yet. */
export const CONNECTION_BODY = 'connection_init';
/** The body that a statement for a subscription covers. The gateway and the subgraph must write it in the same way. */
export const subscriptionBody = (query: string, variables: unknown): string =>
  JSON.stringify([query, variables ?? {}]);

const Claims = z.object({ actor: RequestActor, body: z.string() });

export type SigningKey = Uint8Array;
export const signingKey = (secret: string): SigningKey => new TextEncoder().encode(secret);

/**
 * Signs who acts in one request to one subgraph. The statement is valid for 60 seconds and covers the body, so that it
 * cannot be moved to another request.
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

/**
 * Returns who acts in a request. Throws UNAUTHENTICATED unless the gateway signed this very request for this subgraph
 * within the last 60 seconds.
 */
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
