import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { updateProject } from '../operations/project/update-project.ts';
import { anAgent, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const typesOf = async (projectId: string) =>
  (await world.events(projectStream(projectId))).map(({ type }) => type);

describe('creating a project', () => {
  test('makes the creator its owner and publishes both', async () => {
    const ada = aPerson('Ada');

    const project = await world.project(ada);

    expect(await world.roleOf(ada, project.id)).toBe('OWNER');
    expect(await typesOf(project.id)).toEqual(['projects.project-changed.v1', 'projects.member-changed.v1']);
  });

  test('again with the same idempotency key returns the same project, and refuses another input', async () => {
    const ada = aPerson('Ada');
    const first = await world.project(ada, { key: 'REPEAT', idempotencyKey: 'once' });

    const second = await world.project(ada, { key: 'REPEAT', idempotencyKey: 'once' });

    expect(second.id).toBe(first.id);
    await expect(world.project(ada, { key: 'OTHER', idempotencyKey: 'once' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test('again with the same idempotency key is NOT_FOUND to a creator who was removed', async () => {
    const ada = await world.signedIn('Ada');
    const input = { key: 'REMOVED', idempotencyKey: 'once' };
    const { id: projectId } = await world.project(ada, input);
    const bob = await world.member(ada, projectId, 'OWNER');
    await removeMember(world.as(bob), { projectId, userId: ada.id });

    await expect(world.project(ada, input)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: ['input', 'idempotencyKey'],
    });
  });

  test('with a key that is taken is DUPLICATE, and leaves nothing of the second project', async () => {
    const bob = aPerson('Bob');
    await world.project(aPerson('Ada'), { key: 'TAKEN' });

    await expect(world.project(bob, { key: 'TAKEN' })).rejects.toMatchObject({
      code: 'DUPLICATE',
      field: ['input', 'key'],
    });
    const { data } = await world.ask(bob, '{ projects { nodes { id } } }');
    expect(data.projects.nodes).toEqual([]);
  });

  test('is FORBIDDEN to an agent, which acts in the project of its run only', async () => {
    const agent = anAgent(await world.signedIn('Ada'), randomUUID());

    await expect(world.project(agent)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test.each([
    ['key', { key: 'lower' }],
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\0b' }],
    ['description', { description: 'x'.repeat(20_001) }],
  ])('with a wrong %s is INVALID and names the argument', async (field, input) => {
    await expect(world.project(aPerson('Ada'), input)).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', field],
    });
  });
});

describe('changing a project', () => {
  test('at an older version is VERSION_CONFLICT and returns the project as it is now', async () => {
    const ada = aPerson('Ada');
    const { id } = await world.project(ada);
    await updateProject(world.as(ada), { id, name: 'Second', expectedVersion: 1 });

    const third = updateProject(world.as(ada), { id, name: 'Third', expectedVersion: 1 });

    await expect(third).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { project: { name: 'Second', version: 2 } },
    });
  });

  test('raises its version and publishes it, and null removes the description', async () => {
    const ada = aPerson('Ada');
    const { id, updatedAt } = await world.project(ada, { description: 'A board' });

    const changed = await updateProject(world.as(ada), { id, description: null });

    expect(changed).toMatchObject({ name: 'Team Board', description: null, version: 2 });
    expect(changed.updatedAt.getTime()).toBeGreaterThanOrEqual(updatedAt.getTime());
    const last = (await world.events(projectStream(id))).at(-1);
    expect(last).toMatchObject({ payload: { name: 'Team Board', description: null } });
  });

  test.each([[{}], [{ name: 'Team Board' }], [{ name: 'Team Board', description: null }]])(
    'to what it already is (%j) is ignored: no event, no new version',
    async (changes) => {
      const ada = aPerson('Ada');
      const { id } = await world.project(ada);
      const before = await typesOf(id);

      expect(await updateProject(world.as(ada), { id, ...changes })).toMatchObject({ version: 1 });

      expect(await typesOf(id)).toEqual(before);
    },
  );

  test('is FORBIDDEN to an admin who lost the role after the request began', async () => {
    const ada = await world.signedIn('Ada');
    const { id: projectId } = await world.project(ada);
    const bob = await world.member(ada, projectId, 'ADMIN');
    const ctx = world.as(bob);
    await ctx.grants.load(projectScope(projectId));

    await setMember(world.as(ada), { projectId, userId: bob.id, role: 'MEMBER' });

    await expect(updateProject(ctx, { id: projectId, name: 'Mine' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('a project', () => {
  const FIND = `query ($id: ID!, $references: [_Any!]!) {
    project(id: $id) { name }
    _entities(representations: $references) { ... on Project { name } } }`;
  const ask = (actor: Parameters<typeof world.ask>[0], id: string) =>
    world.ask(actor, FIND, { id, references: [{ __typename: 'Project', id }] });

  test('is visible to its members only, on every path', async () => {
    const ada = aPerson('Ada');
    const { id } = await world.project(ada);

    const own = { project: { name: 'Team Board' }, _entities: [{ name: 'Team Board' }] };
    const none = { project: null, _entities: [null] };
    expect(await ask(ada, id)).toMatchObject({ data: own });
    expect(await ask(aPerson('Eve'), id)).toEqual({ data: none });
    expect(await ask(aPerson('Eve'), randomUUID())).toEqual({ data: none });
    expect(await ask(ada, 'no-id\0')).toEqual({ data: none });
  });

  test('is visible to an agent in the project of its run only', async () => {
    const ada = aPerson('Ada');
    const { id } = await world.project(ada);
    const { id: otherId } = await world.project(ada);

    expect((await ask(anAgent(ada, id), id)).data.project).not.toBeNull();
    expect((await ask(anAgent(ada, otherId), id)).data.project).toBeNull();
  });
});
