import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Person, person } from '../../../platform/identity/actor.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { userStream } from '../../../schema/events/projects.ts';
import { anAgent, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const askWhoIAm = (actor: Person) => world.ask(actor, '{ viewer { id displayName avatarUrl } }');
const published = async ({ id }: Person) =>
  (await world.events(userStream(id))).map(({ payload }) => payload);
const known = async ({ id }: Person) => world.as(aPerson('Anybody')).loaders.user.load(id);

describe('a person who signs in', () => {
  test('is published once, however often the person asks who they are', async () => {
    const ada = aPerson('Ada');

    for (let time = 1; time <= 3; time++) await askWhoIAm(ada);

    expect(await published(ada)).toEqual([{ userId: ada.id, displayName: 'Ada', avatarUrl: null }]);
  });

  test('is published once by ten requests at once', async () => {
    const ada = aPerson('Ada');

    await Promise.all(Array.from({ length: 10 }, () => askWhoIAm(ada)));

    expect(await published(ada)).toHaveLength(1);
  });

  test('is published again with another name or picture, and kept with the newest', async () => {
    const ada = aPerson('Ada');
    const renamed = aPerson('Ada Lovelace', ada.id);
    const pictured = { ...renamed, avatarUrl: 'https://pictures.example/ada.png' };

    for (const actor of [ada, renamed, pictured, pictured]) await askWhoIAm(actor);

    expect(await published(ada)).toMatchObject([
      { displayName: 'Ada', avatarUrl: null },
      { displayName: 'Ada Lovelace', avatarUrl: null },
      { displayName: 'Ada Lovelace', avatarUrl: 'https://pictures.example/ada.png' },
    ]);
    expect(await known(ada)).toMatchObject({ displayName: 'Ada Lovelace', avatarUrl: pictured.avatarUrl });
  });

  test('is published by creating a project, too', async () => {
    const ada = aPerson('Ada');

    await world.project(ada);

    expect(await published(ada)).toHaveLength(1);
  });

  test('has a name that is cut and no picture that cannot be kept', async () => {
    const ada = person({
      id: crypto.randomUUID(),
      displayName: 'A'.repeat(300),
      avatarUrl: `https://pictures.example/${'a'.repeat(2_000)}`,
    });

    const { errors } = await askWhoIAm(ada);

    expect(errors).toBeUndefined();
    expect(await known(ada)).toMatchObject({ displayName: 'A'.repeat(200), avatarUrl: null });
  });
});

describe('an agent', () => {
  test('does not change the name of its person, which it knows from the beginning of its run', async () => {
    const ada = aPerson('Ada');
    const { id: projectId } = await world.project(ada);
    const agent = anAgent(ada, projectId);
    await askWhoIAm(aPerson('Ada Lovelace', ada.id));

    const { data } = await world.ask(agent, '{ viewer { id } }');

    expect(data.viewer).toEqual({ id: ada.id });
    expect(await known(ada)).toMatchObject({ displayName: 'Ada Lovelace' });
  });
});
