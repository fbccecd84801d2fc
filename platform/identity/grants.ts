import type { EntityManager } from '@mikro-orm/postgresql';
import DataLoader from 'dataloader';
import { ROLES, type Role } from '../../schema/roles.ts';
import { asArray } from '../database/sql.ts';
import { DomainError, notFound } from '../input/errors.ts';
import { isUuid } from '../input/input.ts';

/** What one person may, as one request sees it. */
export interface Grants {
  /** The person's role in a scope such as `project:<id>`; null for none. Batched. */
  load(scope: string): Promise<Role | null>;
  /** The ids behind `prefix` of all scopes in which the person has a role. */
  idsOf(prefix: string): Promise<string[]>;
}

/** Per request: what one viewer may must never answer for another, nor for the same one later. */
export function createGrants(em: EntityManager, subject: string): Grants {
  const roles = new DataLoader<string, Role | null>(async (scopes) => {
    const rows: { scope: string; role: Role }[] = await em.execute(
      'select scope, role from access.grant where subject = ? and scope = any(?)',
      [subject, asArray(scopes)],
    );
    const roleByScope = new Map(rows.map(({ scope, role }) => [scope, role]));
    return scopes.map((scope) => roleByScope.get(scope) ?? null);
  });
  return {
    load: (scope) => roles.load(scope),
    async idsOf(prefix) {
      const rows: { scope: string }[] = await em.execute(
        'select scope from access.grant where subject = ? and starts_with(scope, ?)',
        [subject, prefix],
      );
      return rows.map(({ scope }) => scope.slice(prefix.length));
    },
  };
}

/**
 * Throws NOT_FOUND for whoever has no role in the scope, and FORBIDDEN for a lesser role than `least`.
 * `kind` and `id` name the object for the message, `field` the argument that named it.
 */
export async function requireRole(
  grants: Grants,
  scope: string,
  least: Role,
  { kind, id, field }: { kind: string; id: string; field?: readonly string[] },
): Promise<Role> {
  const role = isUuid(id) ? await grants.load(scope) : null;
  if (!role) throw notFound(kind, id, field);
  if (ROLES.indexOf(role) < ROLES.indexOf(least)) {
    throw new DomainError(
      'FORBIDDEN',
      `This needs the role ${least}; you are ${role}`,
      field ? { field } : {},
    );
  }
  return role;
}

/** Gives a person a role in a scope, instead of the one before. */
export const setGrant = (tx: EntityManager, scope: string, subject: string, role: Role) =>
  tx.execute(
    `insert into access.grant (scope, subject, role) values (?, ?, ?)
     on conflict (scope, subject) do update set role = excluded.role`,
    [scope, subject, role],
  );

/** Takes a person's role in a scope away. */
export const removeGrant = (tx: EntityManager, scope: string, subject: string) =>
  tx.execute('delete from access.grant where scope = ? and subject = ?', [scope, subject]);
