import { v5 as uuidV5 } from 'uuid';
import type { Viewer } from '../platform/identity/statement.ts';
import { DomainError } from '../platform/input/errors.ts';
import { StartError } from '../platform/process/service.ts';
import type { GatewayConfig } from './config.ts';
import { createTokenVerifier } from './token.ts';

/** Who signed in, and for how long. */
export interface SignIn {
  readonly viewer: Viewer;
  /** When the credentials lapse, as epoch milliseconds; absent: never. */
  readonly expiresAt?: number;
}

/**
 * Reads an `Authorization` header, or the same text from a WebSocket's connection parameters.
 * Throws UNAUTHENTICATED for credentials that do not hold, UNAVAILABLE while they cannot be checked.
 */
export type Authenticate = (authorization: string | undefined) => Promise<SignIn>;

/** Throws StartError for sign-in of development on an address that other machines reach. */
export function createAuthentication(config: GatewayConfig): Authenticate {
  if (config.SIGN_IN === 'oidc')
    return createTokenVerifier({
      issuer: config.AUTHENTIK_ISSUER ?? '',
      clientId: config.AUTHENTIK_CLIENT_ID ?? '',
    });
  if (!isLoopback(config.HOST)) {
    throw new StartError(
      `With SIGN_IN=development nobody is asked who they are, so HOST must be 127.0.0.1 and not ${config.HOST}. For other machines: SIGN_IN=oidc`,
    );
  }
  return async (authorization) => ({ viewer: developmentViewer(authorization) });
}

/** Whether a host name or address is of this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Development's people get their ids from their names, so that they stay the same. */
const DEVELOPMENT_PEOPLE = '5f0a1c7e-31d4-5b0e-9a51-0d2c6f0e8a11';

const DEVELOPER: Viewer = {
  id: '00000000-0000-7000-8000-00000000000d',
  displayName: 'Developer',
  avatarUrl: null,
};

const NAME = /^Development\s+(\S.{0,99})$/i;

/** `Authorization: Development Ada` is Ada; without the header it is the developer. */
function developmentViewer(authorization: string | undefined): Viewer {
  if (!authorization) return DEVELOPER;
  const name = NAME.exec(authorization.trim())?.[1];
  if (!name)
    throw new DomainError(
      'UNAUTHENTICATED',
      'This is development: send no Authorization, or `Authorization: Development <name>`.',
    );
  return { id: uuidV5(name, DEVELOPMENT_PEOPLE), displayName: name, avatarUrl: null };
}
