import { createHash } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { DomainError } from '../input/errors.ts';

/** Who asks. `id` is the same for every sign-in of the same identity. */
export interface Viewer {
  readonly id: string;
  readonly displayName: string;
  readonly avatarUrl: string | null;
}

/** Long enough for one request, too short to be worth stealing. */
const STATEMENT_SECONDS = 60;
const ISSUER = 'team-board-gateway';

const Claims = z.object({
  sub: z.uuid(),
  name: z.string(),
  picture: z.string().nullable(),
  body: z.string(),
});

export type SigningKey = Uint8Array;
export const signingKey = (secret: string): SigningKey => new TextEncoder().encode(secret);

/**
 * The gateway's word on who asks: a signed statement for one subgraph and one request, good for 60 seconds.
 * It covers the body, so that it cannot be put on another request.
 */
export const signViewer = (key: SigningKey, subgraph: string, viewer: Viewer, body: string | Uint8Array) =>
  new SignJWT({ name: viewer.displayName, picture: viewer.avatarUrl, body: digest(body) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(viewer.id)
    .setIssuer(ISSUER)
    .setAudience(subgraph)
    .setExpirationTime(`${STATEMENT_SECONDS}s`)
    .sign(key);

/** Throws UNAUTHENTICATED unless the gateway signed this very request for this subgraph within the last minute. */
export async function verifyViewer(
  key: SigningKey,
  subgraph: string,
  statement: string | undefined,
  body: string | Uint8Array,
): Promise<Viewer> {
  try {
    const { payload } = await jwtVerify(statement ?? '', key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: subgraph,
      requiredClaims: ['exp'],
    });
    const claims = Claims.parse(payload);
    if (claims.body !== digest(body)) throw new Error('another body');
    return { id: claims.sub, displayName: claims.name, avatarUrl: claims.picture };
  } catch {
    throw new DomainError('UNAUTHENTICATED', 'Only the gateway may ask here, and it signs what it asks.');
  }
}

const digest = (body: string | Uint8Array) => createHash('sha256').update(body).digest('base64url');
