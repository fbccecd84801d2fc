import type { EntityManager } from '@mikro-orm/postgresql';
import DataLoader from 'dataloader';
import { ROLES, type Role } from '../../schema/roles.ts';
import { asArray } from '../database/sql.ts';
import { DomainError, notFound } from '../input/errors.ts';
import { isUuid } from '../input/input.ts';
import { personOf, type RequestActor } from './actor.ts';

/** The rights of one actor, as one request or one transaction sees them. */
export interface Grants {
  /** The actor's role in a scope such as `project:<id>`, or null. Calls at the same time are one query. */
  load(scope: string): Promise<Role | null>;
  /** The ids after `prefix` of all scopes in which the actor has a role. */
  idsOf(prefix: string): Promise<string[]>;
}

/** An agent does the work of a member, also for a person who may do more. */
const AGENT_ROLE_MAX: Role = 'MEMBER';

/**
 * Reads the rights of an actor through `em`. The answers are remembered, so they serve one actor for one request or one
 * transaction.
 *
 * An agent in a run has the rights of its person, at most those of a member, and only in the scopes of the run.
 */
export function createGrants(em: EntityManager, actor: RequestActor): Grants {
  const subject = personOf(actor).id;
  const isWithin = (scope: string) => actor.kind === 'person' || actor.scopes.includes(scope);
  const roles = new DataLoader<string, Role | null>(async (scopes) => {
    const rows: { scope: string; role: Role }[] = await em.execute(
      'select scope, role from access.grant where subject = ? and scope = any(?)',
      [subject, asArray(scopes.filter(isWithin))],
    );
    const roleByScope = new Map(rows.map(({ scope, role }) => [scope, limitRole(actor, role)]));
    return scopes.map((scope) => roleByScope.get(scope) ?? null);
  });
  return {
    load: (scope) => roles.load(scope),
    async idsOf(prefix) {
      const rows: { scope: string }[] = await em.execute(
        'select scope from access.grant where subject = ? and starts_with(scope, ?)',
        [subject, prefix],
      );
      return rows.filter(({ scope }) => isWithin(scope)).map(({ scope }) => scope.slice(prefix.length));
    },
  };
}

const limitRole = ({ kind }: RequestActor, role: Role): Role =>
  kind === 'agent' && isBelow(AGENT_ROLE_MAX, role) ? AGENT_ROLE_MAX : role;

const isBelow = (role: Role, other: Role): boolean => ROLES.indexOf(role) < ROLES.indexOf(other);

/**
 * Returns the actor's role in a scope. Throws NOT_FOUND when there is none, and FORBIDDEN when it is below `least`.
 * `kind` and `id` name the object in the message; `field` is the argument that named it.
 */
export async function requireRole(
  grants: Grants,
  scope: string,
  least: Role,
  { kind, id, field }: { kind: string; id: string; field?: readonly string[] },
): Promise<Role> {
  const role = isUuid(id) ? await grants.load(scope) : null;
  if (!role) throw notFound(kind, id, field);
  if (isBelow(role, least)) {
    throw new DomainError(
      'FORBIDDEN',
      `This needs the role ${least}; you are ${role}`,
      field ? { field } : {},
    );
  }
  return role;
}

/** The role of a person in a scope, whoever acts; null for none. */
export async function readRole(em: EntityManager, scope: string, personId: string): Promise<Role | null> {
  const [grant]: { role: Role }[] = await em.execute(
    'select role from access.grant where scope = ? and subject = ?',
    [scope, personId],
  );
  return grant?.role ?? null;
}

/** Sets a person's role in a scope. It replaces the role that the person had there. */
export const setGrant = (tx: EntityManager, scope: string, subject: string, role: Role) =>
  tx.execute(
    `insert into access.grant (scope, subject, role) values (?, ?, ?)
     on conflict (scope, subject) do update set role = excluded.role`,
    [scope, subject, role],
  );

/** Removes a person's role in a scope. */
export const removeGrant = (tx: EntityManager, scope: string, subject: string) =>
  tx.execute('delete from access.grant where scope = ? and subject = ?', [scope, subject]);
