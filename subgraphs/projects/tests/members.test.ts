import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Person } from '../../../platform/identity/actor.ts';
import { projectStream } from '../../../schema/events/event.ts';
import type { Role } from '../../../schema/roles.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { anAgent, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A project of Ada's with a member of each role that is asked for. */
async function team<Name extends string>(roles: Record<Name, Role>) {
  const ada = await world.signedIn('Ada');
  const { id: projectId } = await world.project(ada);
  const people = { ada } as Record<Name | 'ada', Person>;
  for (const [name, role] of Object.entries(roles) as [Name, Role][]) {
    people[name] = await world.member(ada, projectId, role);
  }
  return { projectId, ...people };
}

interface RoleChange {
  projectId: string;
  actorId: string;
  userId: string;
  role: Role | null;
}

/** The role changes of a project, in the order of their commits. */
const roleChanges = async (projectId: string): Promise<RoleChange[]> =>
  (await world.events(projectStream(projectId)))
    .filter(({ type }) => type === 'projects.member-changed.v1')
    .map(({ actor, payload }) => ({ ...(payload as RoleChange), actorId: (actor as Person).id }));

/** The changes that their actor had no right to make, by the roles at the time of each change. */
function findUnlawful(changes: readonly RoleChange[]): RoleChange[] {
  const roles = new Map<string, Role | null>();
  return changes.filter(({ actorId, userId, role }, index) => {
    const [actorRole, before] = [roles.get(actorId) ?? null, roles.get(userId) ?? null];
    roles.set(userId, role);
    const touchesOwner = role === 'OWNER' || before === 'OWNER';
    const isAllowed = actorRole === 'OWNER' || (actorRole === 'ADMIN' && !touchesOwner);
    return index > 0 && !isAllowed && actorId !== userId;
  });
}

const codeOf = (end: PromiseSettledResult<unknown>): unknown =>
  end.status === 'rejected' ? end.reason.code : 'done';

describe('the roles in a project', () => {
  test('are given by admins, and the newest one counts', async () => {
    const { projectId, bob, cleo } = await team({ bob: 'ADMIN', cleo: 'VIEWER' });

    await setMember(world.as(bob), { projectId, userId: cleo.id, role: 'MEMBER' });

    expect(await world.roleOf(cleo, projectId)).toBe('MEMBER');
  });

  test.each(['VIEWER', 'MEMBER'] as const)('are not given by a %s', async (role) => {
    const { projectId, bob } = await team({ bob: role });
    const dan = await world.signedIn('Dan');

    const setting = setMember(world.as(bob), { projectId, userId: dan.id, role: 'VIEWER' });

    await expect(setting).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await world.roleOf(dan, projectId)).toBeNull();
  });

  test('are not given by an agent, although its person is the owner', async () => {
    const { projectId, ada, bob } = await team({ bob: 'VIEWER' });
    const agent = world.as(anAgent(ada, projectId));

    const setting = setMember(agent, { projectId, userId: bob.id, role: 'ADMIN' });

    await expect(setting).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('that a member has already are accepted from an admin, also the one of an owner', async () => {
    const { projectId, bob, cleo } = await team({ bob: 'ADMIN', cleo: 'OWNER' });

    await setMember(world.as(bob), { projectId, userId: cleo.id, role: 'OWNER' });

    expect(await roleChanges(projectId)).toHaveLength(3);
  });

  test('of owners are given and taken by owners only', async () => {
    const { projectId, ada, bob, cleo } = await team({ bob: 'ADMIN', cleo: 'OWNER' });
    const admin = world.as(bob);

    const changes = await Promise.allSettled([
      setMember(admin, { projectId, userId: bob.id, role: 'OWNER' }),
      setMember(admin, { projectId, userId: cleo.id, role: 'MEMBER' }),
      removeMember(admin, { projectId, userId: cleo.id }),
    ]);

    expect(changes.map(codeOf)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    await setMember(world.as(ada), { projectId, userId: cleo.id, role: 'MEMBER' });
    expect(await world.roleOf(cleo, projectId)).toBe('MEMBER');
  });

  test('are for people who have signed in before', async () => {
    const { projectId, ada } = await team({});

    for (const userId of ['00000000-0000-7000-8000-000000000001', 'no-id']) {
      const setting = setMember(world.as(ada), { projectId, userId, role: 'MEMBER' });
      await expect(setting).rejects.toMatchObject({ code: 'NOT_FOUND', field: ['input', 'userId'] });
    }
  });

  test('that a person already has are ignored: no event', async () => {
    const { projectId, ada, bob } = await team({ bob: 'MEMBER' });
    const before = await roleChanges(projectId);

    const { member } = await setMember(world.as(ada), { projectId, userId: bob.id, role: 'MEMBER' });

    expect(member).toMatchObject({ userId: bob.id, role: 'MEMBER' });
    expect(await roleChanges(projectId)).toEqual(before);
  });
});

describe('an admin and an owner who set the role of a person at once', () => {
  test.each([
    ['a member', 'MEMBER'],
    ['not yet a member', null],
  ] as const)('never end with an owner unmade by the admin, when the person is %s', async (_what, role) => {
    for (let round = 1; round <= 20; round++) {
      const { projectId, ada, bob } = await team({ bob: 'ADMIN' });
      const cleo = role ? await world.member(ada, projectId, role) : await world.signedIn('Cleo');
      const person = { projectId, userId: cleo.id };

      const ends = await Promise.allSettled([
        setMember(world.as(ada), { ...person, role: 'OWNER' }),
        setMember(world.as(bob), { ...person, role: 'VIEWER' }),
      ]);

      expect(await world.roleOf(cleo, projectId)).toBe('OWNER');
      expect(['done', 'FORBIDDEN']).toContain(codeOf(ends[1]));
      expect(findUnlawful(await roleChanges(projectId))).toEqual([]);
    }
  });
});

describe('an admin who loses the role at the same time', () => {
  test('changes nothing after the loss', async () => {
    for (let round = 1; round <= 20; round++) {
      const { projectId, ada, bob, cleo } = await team({ bob: 'ADMIN', cleo: 'VIEWER' });

      const ends = await Promise.allSettled([
        removeMember(world.as(ada), { projectId, userId: bob.id }),
        setMember(world.as(bob), { projectId, userId: cleo.id, role: 'ADMIN' }),
      ]);

      expect(ends.map(codeOf)).toEqual(['done', expect.stringMatching(/^(done|NOT_FOUND)$/)]);
      expect(findUnlawful(await roleChanges(projectId))).toEqual([]);
    }
  });
});

describe('leaving a project', () => {
  test('is allowed to everybody but the last owner', async () => {
    const { projectId, ada, bob } = await team({ bob: 'VIEWER' });

    expect(await removeMember(world.as(bob), { projectId, userId: bob.id })).toBeNull();

    expect(await world.roleOf(bob, projectId)).toBeNull();
    const leaving = removeMember(world.as(ada), { projectId, userId: ada.id });
    await expect(leaving).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
    const stepping = setMember(world.as(ada), { projectId, userId: ada.id, role: 'ADMIN' });
    await expect(stepping).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
  });

  test('is not what an agent does for its person', async () => {
    const { projectId, bob } = await team({ bob: 'VIEWER' });

    const leaving = removeMember(world.as(anAgent(bob, projectId)), { projectId, userId: bob.id });

    await expect(leaving).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await world.roleOf(bob, projectId)).toBe('VIEWER');
  });

  test('two owners who remove each other at once leave one', async () => {
    const { projectId, ada, bob } = await team({ bob: 'OWNER' });

    const ends = await Promise.allSettled([
      removeMember(world.as(ada), { projectId, userId: bob.id }),
      removeMember(world.as(bob), { projectId, userId: ada.id }),
    ]);

    const left = [await world.roleOf(ada, projectId), await world.roleOf(bob, projectId)].filter(Boolean);
    expect(left).toEqual(['OWNER']);
    expect(ends.map(codeOf).toSorted()).toEqual(['NOT_FOUND', 'done']);
  });
});

describe('the mutations of members', () => {
  const SET = `mutation ($input: MemberSetInput!) { memberSet(input: $input) {
    project { viewerRole } member { role user { displayName } } userErrors { code } } }`;
  const REMOVE = `mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) {
    project { id } member { role } userErrors { code } } }`;

  test('return the project and the member after the change', async () => {
    const { projectId, ada, bob } = await team({ bob: 'VIEWER', cleo: 'OWNER' });

    const set = await world.ask(ada, SET, { input: { projectId, userId: bob.id, role: 'ADMIN' } });
    const removed = await world.ask(ada, REMOVE, { input: { projectId, userId: bob.id } });

    expect(set.data.memberSet).toEqual({
      project: { viewerRole: 'OWNER' },
      member: { role: 'ADMIN', user: { displayName: 'A VIEWER' } },
      userErrors: [],
    });
    expect(removed.data.memberRemove).toEqual({ project: { id: projectId }, member: null, userErrors: [] });
  });

  test('return no project to a person who left it', async () => {
    const { projectId, bob } = await team({ bob: 'VIEWER' });

    const { data } = await world.ask(bob, REMOVE, { input: { projectId, userId: bob.id } });

    expect(data.memberRemove).toEqual({ project: null, member: null, userErrors: [] });
  });
});
