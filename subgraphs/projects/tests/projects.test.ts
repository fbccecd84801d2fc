import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { updateProject } from '../operations/project/update-project.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('creating a project', () => {
  test('makes the viewer its owner and says so in its stream', async () => {
    const ada = world.as('Ada');

    const project = await world.project(ada);

    expect(await world.as('Ada', ada.viewer.id).grants.load(projectStream(project.id))).toBe('OWNER');
    const events = await readEvents(ada.em, projectStream(project.id), 0, 10);
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'projects.project-changed.v1'],
      [2, 'projects.member-changed.v1'],
    ]);
  });

  test('a repeat with the same idempotency key gives the same project, another input is refused', async () => {
    const ada = world.as('Ada');
    const first = await world.project(ada, { key: 'REPEAT', idempotencyKey: 'once' });

    const second = await world.project(ada, { key: 'REPEAT', idempotencyKey: 'once' });

    expect(second.id).toBe(first.id);
    await expect(world.project(ada, { key: 'OTHER', idempotencyKey: 'once' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test('a key that is taken is DUPLICATE, and nothing else of the second project is kept', async () => {
    const ada = world.as('Ada');
    await world.project(ada, { key: 'TAKEN' });

    await expect(world.project(world.as('Bob'), { key: 'TAKEN' })).rejects.toMatchObject({
      code: 'DUPLICATE',
      field: ['input', 'key'],
    });
  });

  test.each([
    ['key', { key: 'lower' }],
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\0b' }],
    ['description', { description: 'x'.repeat(20_001) }],
  ])('a wrong %s is INVALID and named', async (field, input) => {
    await expect(world.project(world.as('Ada'), input)).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', field],
    });
  });
});

describe('changing a project', () => {
  test('an older version is VERSION_CONFLICT and brings the project as it is now', async () => {
    const ada = world.as('Ada');
    const { id } = await world.project(ada);
    await updateProject(ada, { id, name: 'Second', expectedVersion: 1 });

    await expect(updateProject(ada, { id, name: 'Third', expectedVersion: 1 })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { project: { name: 'Second', version: 2 } },
    });
  });

  test('who is not a member cannot tell it from one that does not exist', async () => {
    const { id } = await world.project(world.as('Ada'));
    const absent = '00000000-0000-7000-8000-000000000001';

    await expect(updateProject(world.as('Eve'), { id, name: 'Mine' })).rejects.toThrow(
      `Project ${id} does not exist`,
    );
    await expect(updateProject(world.as('Eve'), { id: absent, name: 'Mine' })).rejects.toThrow(
      `Project ${absent} does not exist`,
    );
  });
});
