import type { UserErrorCode } from '../../schema/errors.ts';
import type { Role } from '../../schema/roles.ts';
import type { Seeker } from './seekers.ts';
import type { AccessWorld } from './world.ts';

export type Verdict = 'OK' | Extract<UserErrorCode, 'FORBIDDEN' | 'NOT_FOUND'>;
export type Verdicts = Readonly<Record<Seeker, Verdict>>;

/** A mutation or a subscription, and what each seeker gets. */
export interface AccessRow {
  readonly verdicts: Verdicts;
  /** Makes what the call needs, as the project's owner, and returns its input or its arguments. */
  readonly arrange: (world: AccessWorld) => Promise<object> | object;
}
export type AccessTable = Readonly<Record<string, AccessRow>>;

const ROLES_BY_RANK: readonly Role[] = ['VIEWER', 'MEMBER', 'ADMIN', 'OWNER'];

/** Members with the role `role` or more may; other members are FORBIDDEN; for a stranger the object does not exist. */
export function atLeast(role: Role): Verdicts {
  const verdictOf = (each: Role): Verdict =>
    ROLES_BY_RANK.indexOf(each) < ROLES_BY_RANK.indexOf(role) ? 'FORBIDDEN' : 'OK';
  return {
    OWNER: verdictOf('OWNER'),
    ADMIN: verdictOf('ADMIN'),
    MEMBER: verdictOf('MEMBER'),
    VIEWER: verdictOf('VIEWER'),
    STRANGER: 'NOT_FOUND',
    WORKSPACE_ADMIN: 'NOT_FOUND',
    AGENT: verdictOf('MEMBER'),
  };
}

/** The project's owner alone, who made the object; other members see it and are FORBIDDEN. */
export const MAKER_ONLY: Verdicts = {
  OWNER: 'OK',
  ADMIN: 'FORBIDDEN',
  MEMBER: 'FORBIDDEN',
  VIEWER: 'FORBIDDEN',
  STRANGER: 'NOT_FOUND',
  WORKSPACE_ADMIN: 'NOT_FOUND',
  AGENT: 'FORBIDDEN',
};

/** Everybody who signed in, in no project; an agent acts only in the project of its run. */
export const ANY_PERSON: Verdicts = {
  OWNER: 'OK',
  ADMIN: 'OK',
  MEMBER: 'OK',
  VIEWER: 'OK',
  STRANGER: 'OK',
  WORKSPACE_ADMIN: 'OK',
  AGENT: 'FORBIDDEN',
};
