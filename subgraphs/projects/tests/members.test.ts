import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { projectStream } from '../../../schema/events/event.ts';
import type { Role } from '../../../schema/roles.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { rememberUser } from '../operations/user/remember-user.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Somebody who has signed in before. */
async function person(name: string) {
  const ctx = world.as(name);
  await rememberUser(ctx.em, ctx.viewer);
  return ctx;
}

/** A project of Ada's with others in it, by role. */
async function team(roles: Record<string, Role>) {
  const ada = await person('Ada');
  const { id: projectId } = await world.project(ada);
  const people: Record<string, Awaited<ReturnType<typeof person>>> = { Ada: ada };
  for (const [name, role] of Object.entries(roles)) {
    const ctx = await person(name);
    people[name] = ctx;
    await setMember(again(ada), { projectId, userId: ctx.viewer.id, role });
  }
  return { projectId, people };
}

/** A new request of the same person: rights are read once for each request. */
const again = ({ viewer }: { viewer: { id: string; displayName: string } }) =>
  world.as(viewer.displayName, viewer.id);

const roleOf = (projectId: string, who: { viewer: { id: string; displayName: string } }) =>
  again(who).grants.load(projectStream(projectId));

describe('the roles in a project', () => {
  test('are given by admins, and the newest one counts', async () => {
    const { projectId, people } = await team({ Bob: 'ADMIN', Cleo: 'VIEWER' });

    await setMember(again(people['Bob']!), {
      projectId,
      userId: people['Cleo']!.viewer.id,
      role: 'MEMBER',
    });

    expect(await roleOf(projectId, people['Cleo']!)).toBe('MEMBER');
  });

  test.each(['VIEWER', 'MEMBER'] as const)('are not given by a %s', async (role) => {
    const { projectId, people } = await team({ Bob: role });
    const dan = await person('Dan');

    const input = { projectId, userId: dan.viewer.id, role: 'VIEWER' };
    await expect(setMember(again(people['Bob']!), input)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await roleOf(projectId, dan)).toBeNull();
  });

  test('of owners are made and unmade by owners only', async () => {
    const { projectId, people } = await team({ Bob: 'ADMIN', Cleo: 'OWNER' });
    const bob = people['Bob']!;
    const cleo = { projectId, userId: people['Cleo']!.viewer.id };

    const promote = { projectId, userId: bob.viewer.id, role: 'OWNER' };
    await expect(setMember(again(bob), promote)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(setMember(again(bob), { ...cleo, role: 'MEMBER' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(removeMember(again(bob), cleo)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await setMember(again(people['Ada']!), { ...cleo, role: 'MEMBER' });
    expect(await roleOf(projectId, people['Cleo']!)).toBe('MEMBER');
  });

  test('are for people who have signed in before', async () => {
    const { projectId, people } = await team({});
    const input = { projectId, userId: '00000000-0000-7000-8000-000000000001', role: 'MEMBER' };

    await expect(setMember(again(people['Ada']!), input)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: ['input', 'userId'],
    });
  });
});

describe('leaving a project', () => {
  test('is free to everybody but the last owner', async () => {
    const { projectId, people } = await team({ Bob: 'VIEWER' });
    const [ada, bob] = [people['Ada']!, people['Bob']!];

    await removeMember(again(bob), { projectId, userId: bob.viewer.id });

    expect(await roleOf(projectId, bob)).toBeNull();
    await expect(removeMember(again(ada), { projectId, userId: ada.viewer.id })).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
    });
  });

  test('two owners who take each other out at once leave one', async () => {
    const { projectId, people } = await team({ Bob: 'OWNER' });
    const [ada, bob] = [people['Ada']!, people['Bob']!];

    const ends = await Promise.allSettled([
      removeMember(again(ada), { projectId, userId: bob.viewer.id }),
      removeMember(again(bob), { projectId, userId: ada.viewer.id }),
    ]);

    const left = [await roleOf(projectId, ada), await roleOf(projectId, bob)].filter(Boolean);
    expect(left).toEqual(['OWNER']);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
