import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ROLES, type Role } from '../../schema/roles.ts';
import { createGrants, removeGrant, requireRole, setGrant } from '../identity/grants.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A scope in which one person may have a role. */
async function aScope(role: Role | null) {
  const [id, subject] = [randomUUID(), randomUUID()];
  const scope = `project:${id}`;
  if (role) await setGrant(world.em(), scope, subject, role);
  return { id, subject, scope, kind: 'Project' };
}

const require = async (role: Role | null, least: Role) => {
  const { id, subject, scope, kind } = await aScope(role);
  return requireRole(createGrants(world.em(), subject), scope, least, { kind, id, field: ['projectId'] });
};

describe('a role', () => {
  const cases = ROLES.flatMap((role, has) =>
    ROLES.map((least, needs) => [role, least, has >= needs] as const),
  );

  test.each(cases)('%s where %s is needed: %s', async (role, least, isEnough) => {
    if (isEnough) return expect(await require(role, least)).toBe(role);
    await expect(require(role, least)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: `This needs the role ${least}; you are ${role}`,
      field: ['projectId'],
    });
  });

  test('of nobody is NOT_FOUND, in the same words as what does not exist', async () => {
    const { id, subject, scope, kind } = await aScope(null);

    await expect(
      requireRole(createGrants(world.em(), subject), scope, 'VIEWER', { kind, id }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: `Project ${id} does not exist`, field: undefined });
  });

  test('in what has no id of ours is NOT_FOUND, whatever the text', async () => {
    const grants = createGrants(world.em(), randomUUID());
    for (const id of ['', 'no id', "' or true --", 'a\0b', '\ud800', randomUUID().toUpperCase()]) {
      const requiring = requireRole(grants, `project:${id}`, 'VIEWER', { kind: 'Project', id });
      await expect(requiring).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('replaces the one before, and ends when it is taken away', async () => {
    const { scope, subject } = await aScope('VIEWER');
    const role = () => createGrants(world.em(), subject).load(scope);

    await setGrant(world.em(), scope, subject, 'ADMIN');
    expect(await role()).toBe('ADMIN');
    await removeGrant(world.em(), scope, subject);
    expect(await role()).toBeNull();
  });
});

describe('the grants of a request', () => {
  test('are read in one query when they are asked for at the same time', async () => {
    const { scope, subject } = await aScope('MEMBER');
    let queries = 0;
    const em = world.em();
    const counting = {
      execute: (sql: string, values: unknown[]) => {
        queries++;
        return em.execute(sql, values);
      },
    } as EntityManager;
    const grants = createGrants(counting, subject);

    const roles = await Promise.all([grants.load(scope), grants.load('project:another'), grants.load(scope)]);

    expect(roles).toEqual(['MEMBER', null, 'MEMBER']);
    expect(queries).toBe(1);
  });

  test('list the ids in which the person has a role, of one kind of scope', async () => {
    const { id, subject } = await aScope('VIEWER');
    await setGrant(world.em(), 'channel:another-kind', subject, 'OWNER');

    expect(await createGrants(world.em(), subject).idsOf('project:')).toEqual([id]);
    expect(await createGrants(world.em(), randomUUID()).idsOf('project:')).toEqual([]);
  });
});
