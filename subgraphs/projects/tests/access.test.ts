import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Person } from '../../../platform/identity/actor.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import type { ProjectsContext } from '../loaders.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { updateProject } from '../operations/project/update-project.ts';
import { anAgent, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const ABSENT = '00000000-0000-7000-8000-000000000001';

interface Ids {
  projectId: string;
  userId: string;
}

/** Every mutation of a project, by its name. Anybody may create one. */
const CHANGES: Record<string, (ctx: ProjectsContext, ids: Ids) => Promise<unknown>> = {
  projectUpdate: (ctx, { projectId }) => updateProject(ctx, { id: projectId, name: 'Mine' }),
  memberSet: (ctx, ids) => setMember(ctx, { ...ids, role: 'ADMIN' }),
  memberRemove: (ctx, ids) => removeMember(ctx, ids),
};

async function aProject() {
  const owner = await world.signedIn('Ada');
  const { id: projectId } = await world.project(owner);
  const { id: userId } = await world.member(owner, projectId, 'MEMBER');
  return { owner, projectId, userId };
}

describe('a person who is not a member', () => {
  test.each(Object.entries(CHANGES))(
    'gets NOT_FOUND from %s, as if there were no project',
    async (_name, change) => {
      const ids = await aProject();
      const eve = world.as(aPerson('Eve'));

      for (const projectId of [ids.projectId, ABSENT, 'no-id']) {
        await expect(change(eve, { projectId, userId: ids.userId })).rejects.toMatchObject({
          code: 'NOT_FOUND',
          message: `Project ${projectId} does not exist`,
        });
      }
    },
  );

  test('cannot subscribe to a project, as if there were none', async () => {
    const { projectId } = await aProject();
    const eve = aPerson('Eve');

    for (const id of [projectId, ABSENT, 'no-id']) {
      await expect(world.follow(eve, id)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `Project ${id} does not exist`,
      });
    }
  });
});

describe.each(['VIEWER', 'MEMBER'] as const)('a %s', (role) => {
  test.each(Object.entries(CHANGES))('gets FORBIDDEN from %s', async (_name, change) => {
    const { owner, ...ids } = await aProject();
    const member = await world.member(owner, ids.projectId, role);

    await expect(change(world.as(member), ids)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('subscribes to the project', async () => {
    const { owner, projectId } = await aProject();
    const followed = await world.follow(await world.member(owner, projectId, role), projectId);
    expect(await followed.next()).toEqual({ __typename: 'StreamCaughtUp' });

    await updateProject(world.as(owner), { id: projectId, name: 'Second' });

    expect(await followed.next()).toEqual({ __typename: 'ProjectChanged', project: { name: 'Second' } });
    await followed.end();
  });
});

test.each(Object.entries(CHANGES))(
  'an agent gets FORBIDDEN from %s, although its person is the owner',
  async (_name, change) => {
    const { owner, ...ids } = await aProject();

    await expect(change(world.as(anAgent(owner, ids.projectId)), ids)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  },
);

test.each(Object.entries(CHANGES))('an admin can do %s', async (_name, change) => {
  const { owner, ...ids } = await aProject();
  const admin = await world.member(owner, ids.projectId, 'ADMIN');

  await expect(change(world.as(admin), ids)).resolves.toBeDefined();
});

describe('a member who is removed', () => {
  async function followedByMember() {
    const { owner, projectId } = await aProject();
    const member = await world.member(owner, projectId, 'MEMBER');
    const followed = await world.follow(member, projectId);
    await followed.next();
    const remove = ({ id }: Person) => removeMember(world.as(owner), { projectId, userId: id });
    return { owner, projectId, member, followed, remove };
  }

  test('loses the subscription with NOT_FOUND', async () => {
    const { member, followed, remove } = await followedByMember();

    await remove(member);

    await expect(followed.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('does not see a name from after the removal through an event from before it', async () => {
    const { owner, projectId, member, followed, remove } = await followedByMember();
    await updateProject(world.as(owner), { id: projectId, name: 'Before' });
    const event = await followed.nextUnshown();
    await remove(member);
    await updateProject(world.as(owner), { id: projectId, name: 'After' });

    expect(await followed.show(event)).toEqual({ __typename: 'ProjectChanged', project: null });
    await followed.end();
  });
});
