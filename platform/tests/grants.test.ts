import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ROLES, type Role } from '../../schema/roles.ts';
import type { Person } from '../identity/actor.ts';
import { createGrants, removeGrant, requireRole, setGrant } from '../identity/grants.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { openWorld, TESTS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A scope in which one person may have a role. */
async function aScope(role: Role | null) {
  const [id, ada] = [randomUUID(), aPerson()];
  const scope = `project:${id}`;
  if (role) await setGrant(world.em(), scope, ada.id, role);
  return { id, ada, scope, kind: 'Project' };
}

const require = async (role: Role | null, least: Role) => {
  const { id, ada, scope, kind } = await aScope(role);
  return requireRole(createGrants(world.em(), ada), scope, least, { kind, id, field: ['projectId'] });
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

  test('that the actor does not have is NOT_FOUND, with the message for an object that does not exist', async () => {
    const { id, ada, scope, kind } = await aScope(null);

    await expect(
      requireRole(createGrants(world.em(), ada), scope, 'VIEWER', { kind, id }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: `Project ${id} does not exist`, field: undefined });
  });

  test('for a text that is no id of ours is NOT_FOUND', async () => {
    const grants = createGrants(world.em(), aPerson());
    for (const id of ['', 'no id', "' or true --", 'a\0b', '\ud800', randomUUID().toUpperCase()]) {
      const requiring = requireRole(grants, `project:${id}`, 'VIEWER', { kind: 'Project', id });
      await expect(requiring).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('replaces the role before it, and ends when it is removed', async () => {
    const { scope, ada } = await aScope('VIEWER');
    const role = () => createGrants(world.em(), ada).load(scope);

    await setGrant(world.em(), scope, ada.id, 'ADMIN');
    expect(await role()).toBe('ADMIN');
    await removeGrant(world.em(), scope, ada.id);
    expect(await role()).toBeNull();
  });
});

describe('the grants of a request', () => {
  test('are read in one query when they are asked for at the same time', async () => {
    const { scope, ada } = await aScope('MEMBER');
    let queries = 0;
    const em = world.em();
    const counting = {
      execute: (sql: string, values: unknown[]) => {
        queries++;
        return em.execute(sql, values);
      },
    } as EntityManager;
    const grants = createGrants(counting, ada);

    const roles = await Promise.all([grants.load(scope), grants.load('project:another'), grants.load(scope)]);

    expect(roles).toEqual(['MEMBER', null, 'MEMBER']);
    expect(queries).toBe(1);
  });

  test('list the ids in which the person has a role, of one kind of scope', async () => {
    const { id, ada } = await aScope('VIEWER');
    await setGrant(world.em(), 'channel:another-kind', ada.id, 'OWNER');

    expect(await createGrants(world.em(), ada).idsOf('project:')).toEqual([id]);
    expect(await createGrants(world.em(), aPerson()).idsOf('project:')).toEqual([]);
  });
});

describe('an agent in a run', () => {
  /** A scope in which the person of an agent has a role. */
  async function aScopeOf(role: Role, onBehalfOf: Person): Promise<{ id: string; scope: string }> {
    const id = randomUUID();
    const scope = `project:${id}`;
    await setGrant(world.em(), scope, onBehalfOf.id, role);
    return { id, scope };
  }

  test.each(ROLES.map((role) => [role, role === 'VIEWER' ? 'VIEWER' : 'MEMBER'] as const))(
    'of a person who is %s is %s in the scope of its run',
    async (role, limited) => {
      const ada = aPerson();
      const { scope } = await aScopeOf(role, ada);
      const agent = agentInRun({ scopes: [scope], onBehalfOf: ada });

      expect(await createGrants(world.em(), agent).load(scope)).toBe(limited);
    },
  );

  test('has no role outside the scopes of its run, also where its person has one', async () => {
    const ada = aPerson();
    const [inside, outside] = [await aScopeOf('OWNER', ada), await aScopeOf('OWNER', ada)];
    const grants = createGrants(world.em(), agentInRun({ scopes: [inside.scope], onBehalfOf: ada }));

    expect(await Promise.all([grants.load(inside.scope), grants.load(outside.scope)])).toEqual([
      'MEMBER',
      null,
    ]);
    expect(await grants.idsOf('project:')).toEqual([inside.id]);
    expect(await createGrants(world.em(), agentInRun({ onBehalfOf: ada })).idsOf('project:')).toEqual([]);
  });

  test('has no role in a scope of its run in which its person has none', async () => {
    const { scope } = await aScope('OWNER');
    const grants = createGrants(world.em(), agentInRun({ scopes: [scope] }));

    expect(await grants.load(scope)).toBeNull();
    expect(await grants.idsOf('project:')).toEqual([]);
  });

  test('may not do what needs more than a member, also when its person is an owner', async () => {
    const ada = aPerson();
    const { id, scope } = await aScopeOf('OWNER', ada);
    const agent = agentInRun({ scopes: [scope], onBehalfOf: ada });

    const requiring = requireRole(createGrants(world.em(), agent), scope, 'ADMIN', { kind: 'Project', id });

    await expect(requiring).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('the grants of a transaction', () => {
  test('are those of its actor, and see what the transaction has written', async () => {
    const ada = aPerson();
    const [inside, outside] = [`project:${randomUUID()}`, `project:${randomUUID()}`];
    const agent = agentInRun({ scopes: [inside], onBehalfOf: ada });

    const roles = await world.subgraph.transact(agent, async (tx) => {
      for (const scope of [inside, outside]) await setGrant(tx.em, scope, ada.id, 'OWNER');
      const byPerson = tx.actingAs(ada).grants;
      return Promise.all([
        tx.grants.load(inside),
        tx.grants.load(outside),
        byPerson.load(inside),
        byPerson.load(outside),
      ]);
    });

    expect(roles).toEqual(['MEMBER', null, 'OWNER', 'OWNER']);
  });

  test('of a part of the system are a fault: it has no rights that could be read', async () => {
    const running = world.subgraph.transact(TESTS, (tx) => tx.grants.load('project:p'));

    await expect(running).rejects.toThrow('lab.tests has no rights to read');
  });
});
