import { v5 as uuidV5 } from 'uuid';
import { isLoopback } from '../platform/graphql/host.ts';
import { person, type RequestActor } from '../platform/identity/actor.ts';
import { cleanLine } from '../platform/input/clean-text.ts';
import { DomainError } from '../platform/input/errors.ts';
import type { Logger } from '../platform/process/log.ts';
import { StartError } from '../platform/process/service.ts';
import type { GatewayConfig } from './config.ts';
import type { Authenticate } from './sign-in.ts';
import { createTokenVerifier } from './token.ts';
import { developmentRole, type WorkspaceAdmins } from './workspace-role.ts';

/**
 * Creates the sign-in that the settings ask for.
 * Throws StartError when development sign-in would be open to other machines.
 */
export function createAuthentication(config: GatewayConfig, log: Logger): Authenticate {
  const admins = adminsOf(config);
  if (config.SIGN_IN === 'oidc')
    return createTokenVerifier({
      issuer: config.AUTHENTIK_ISSUER ?? '',
      clientId: config.AUTHENTIK_CLIENT_ID ?? '',
      keysMaxAgeMs: config.AUTHENTIK_KEYS_MAX_AGE_SECONDS * 1000,
      admins,
      log,
    });
  if (!isLoopback(config.HOST)) {
    throw new StartError(
      `With SIGN_IN=development everybody gets in without a password, so HOST must be 127.0.0.1 and not ${config.HOST}. For other machines: SIGN_IN=oidc`,
    );
  }
  return async (authorization) => ({ actor: developmentPerson(authorization, admins) });
}

const adminsOf = (config: GatewayConfig): WorkspaceAdmins => ({
  people: config.WORKSPACE_ADMINS,
  group: config.WORKSPACE_ADMIN_GROUP ?? null,
  groupsClaim: config.WORKSPACE_GROUPS_CLAIM,
});

/** The namespace of development's ids. An id is derived from the name, so that it is the same after a restart. */
const DEVELOPMENT_PEOPLE = '5f0a1c7e-31d4-5b0e-9a51-0d2c6f0e8a11';

const DEVELOPER = { id: '00000000-0000-7000-8000-00000000000d', displayName: 'Developer' };

const NAME = /^Development\s+(\S.{0,99})$/i;

/** Reads `Authorization: Development Ada` as a person named Ada. Without a header it is the developer. */
function developmentPerson(authorization: string | undefined, admins: WorkspaceAdmins): RequestActor {
  const withRole = (who: { id: string; displayName: string }) =>
    person({ ...who, avatarUrl: null, workspaceRole: developmentRole(who.displayName, admins) });
  if (!authorization) return withRole(DEVELOPER);
  const name = cleanLine(NAME.exec(authorization.trim())?.[1] ?? '');
  if (!name)
    throw new DomainError(
      'UNAUTHENTICATED',
      'This is development: send no Authorization, or `Authorization: Development <name>`.',
    );
  return withRole({ id: uuidV5(name, DEVELOPMENT_PEOPLE), displayName: name });
}
