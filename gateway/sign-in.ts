import type { RequestActor } from '../platform/identity/actor.ts';

/** The actor that signed in, and how long the sign-in is valid. */
export interface SignIn {
  readonly actor: RequestActor;
  /** When the credentials expire, as epoch milliseconds. Without it they do not expire. */
  readonly expiresAt?: number;
}

/**
 * Reads an `Authorization` header, or the same text from a WebSocket's connection parameters.
 * Throws UNAUTHENTICATED for invalid credentials, and UNAVAILABLE while credentials cannot be checked.
 */
export type Authenticate = (authorization: string | undefined) => Promise<SignIn>;
