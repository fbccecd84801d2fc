import { createHash, randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { DomainError } from '../input/errors.ts';
import { RequestActor } from './actor.ts';

/** Longer than a request may take, and too short for a stolen statement to be of use. */
const STATEMENT_SECONDS = 60;
/** How far the clocks of the gateway and a subgraph may differ. */
const SKEW_SECONDS = 5;
const ISSUER = 'team-board-gateway';

/** The header that carries a statement. */
export const STATEMENT_HEADER = 'x-team-board-statement';
/** What a statement for an HTTP request covers. */
export const requestBody = (method: string, path: string, body: string | Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${method} ${path}\n`), Buffer.from(body)]);
/** The body that a statement for a WebSocket connection covers: it has no document yet. */
export const CONNECTION_BODY = 'connection_init';
/** The body that a statement for a subscription covers. The gateway and the subgraph must write it in the same way. */
export const subscriptionBody = (query: string, variables: unknown): string =>
  JSON.stringify([query, variables ?? {}]);

const Claims = z.object({
  actor: RequestActor,
  body: z.string(),
  deadlineAt: z.number().optional(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().max(100),
});

/** What the gateway says of one request. */
export interface Statement {
  readonly actor: RequestActor;
  /** Until when the gateway waits for the answer, in epoch milliseconds. The clocks should differ by less than a second. */
  readonly deadlineAt: number | undefined;
  /** The statement's own id: it counts once. */
  readonly id: string;
}

export type SigningKey = Uint8Array;
export const signingKey = (secret: string): SigningKey => new TextEncoder().encode(secret);

/**
 * Signs who acts in one request to one subgraph, and until when the answer is waited for. The statement is valid once,
 * for 60 seconds, and covers the body, so that it cannot be moved to another request.
 */
export const signStatement = (
  key: SigningKey,
  subgraph: string,
  actor: RequestActor,
  body: string | Uint8Array,
  deadlineAt?: number,
) =>
  new SignJWT({ actor, body: digest(body), ...(deadlineAt !== undefined && { deadlineAt }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(subgraph)
    .setIssuedAt()
    .setExpirationTime(`${STATEMENT_SECONDS}s`)
    .setJti(randomUUID())
    .sign(key);

/**
 * Returns what a statement says. Throws UNAUTHENTICATED unless the gateway signed this very request for this subgraph
 * within the last 60 seconds.
 */
export async function verifyStatement(
  key: SigningKey,
  subgraph: string,
  statement: string | undefined,
  body: string | Uint8Array,
): Promise<Statement> {
  try {
    const { payload } = await jwtVerify(statement ?? '', key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: subgraph,
      requiredClaims: ['exp', 'iat', 'jti'],
      maxTokenAge: STATEMENT_SECONDS,
      clockTolerance: SKEW_SECONDS,
    });
    const { actor, deadlineAt, iat, exp, jti, ...claims } = Claims.parse(payload);
    if (claims.body !== digest(body)) throw new Error('The statement covers another body');
    if (exp - iat > STATEMENT_SECONDS) throw new Error('The statement would live too long');
    return { actor, deadlineAt, id: jti };
  } catch {
    throw refusal();
  }
}

/** Verifies statements for one subgraph. Each statement counts once: a second use throws UNAUTHENTICATED. */
export type ReadStatement = (statement: string | undefined, body: string | Uint8Array) => Promise<Statement>;

/** Creates the reader of a process. It remembers the ids of the statements that are still valid. */
export function createStatementReader(key: SigningKey, subgraph: string): ReadStatement {
  let [older, newer] = [new Set<string>(), new Set<string>()];
  let renewAt = 0;
  return async (statement, body) => {
    const read = await verifyStatement(key, subgraph, statement, body);
    const now = Date.now();
    if (now >= renewAt) {
      [older, newer] = [newer, new Set()];
      renewAt = now + (STATEMENT_SECONDS + 2 * SKEW_SECONDS) * 1_000;
    }
    if (older.has(read.id) || newer.has(read.id)) throw refusal();
    newer.add(read.id);
    return read;
  };
}

const refusal = () =>
  new DomainError('UNAUTHENTICATED', 'Only the gateway may ask here, and it signs what it asks.');

const digest = (body: string | Uint8Array) => createHash('sha256').update(body).digest('base64url');
