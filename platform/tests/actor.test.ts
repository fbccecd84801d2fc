import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEvents } from '../event-log/event-log.ts';
import {
  type Actor,
  actorKey,
  type Person,
  personOf,
  type RequestActor,
  referenceTo,
  systemPart,
} from '../identity/actor.ts';
import { signingKey, signStatement, verifyStatement } from '../identity/statement.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { aStream, NoteWritten, openWorld, type World } from './world.ts';

const KEY = signingKey('a key of at least 32 characters .');
const ADA: Person = { ...aPerson('Ada Łovelace 👩‍💻'), avatarUrl: 'https://example.org/ada.png' };
const ROBOT = agentInRun({ scopes: [`project:${randomUUID()}`, `project:${randomUUID()}`], onBehalfOf: ADA });

const sign = (actor: unknown) => signStatement(KEY, 'lab', actor as RequestActor, '{}');
const verify = async (statement: string) => (await verifyStatement(KEY, 'lab', statement, '{}')).actor;

describe('a statement', () => {
  test.each([
    ['a person', ADA],
    ['an agent in a run, with the person for whom it acts', ROBOT],
  ])('brings %s as it was signed', async (_who, actor) => {
    expect(await verify(await sign(actor))).toEqual(actor);
  });

  test.each<[string, unknown]>([
    ['nobody', undefined],
    ['a part of the system', systemPart('agents.reaper')],
    ['an actor of an unknown kind', { ...ADA, kind: 'admin' }],
    ['an actor without a kind', { ...ADA, kind: undefined }],
    ['a person whose id is none of ours', { ...ADA, id: "' or true --" }],
    ['a person with scopes', { ...ADA, scopes: ['project:x'] }],
    ['an agent that acts for nobody', { ...ROBOT, onBehalfOf: undefined }],
    ['an agent that acts for an agent', { ...ROBOT, onBehalfOf: ROBOT }],
    ['an agent that acts for a part of the system', { ...ROBOT, onBehalfOf: systemPart('agents.reaper') }],
    ['an agent outside a run', { ...ROBOT, runId: undefined }],
    ['an agent without scopes', { ...ROBOT, scopes: undefined }],
  ])('about %s is refused, although it is signed', async (_who, actor) => {
    await expect(verify(await sign(actor))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

test('the person whose rights count is the actor, or the person for whom an agent acts', () => {
  expect(personOf(ADA)).toBe(ADA);
  expect(personOf(ROBOT)).toBe(ADA);
});

test('every actor has another key: a person, an agent in each of its runs, and each part of the system', () => {
  const actors = [
    ADA,
    aPerson(),
    ROBOT,
    { ...ROBOT, runId: randomUUID() },
    { ...ROBOT, id: randomUUID() },
    systemPart('agents.reaper'),
    systemPart('agents.dispatcher'),
  ];

  expect(new Set(actors.map(actorKey)).size).toBe(actors.length);
  expect(actorKey({ ...ADA, displayName: 'renamed' })).toBe(actorKey(ADA));
});

describe('an event', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  const publishedBy = async (actor: Actor) => {
    const stream = aStream();
    await world.subgraph.transact(actor, async (tx) =>
      tx.publish(NoteWritten, { stream, subject: randomUUID(), payload: { text: 'a note' } }),
    );
    const [event] = await readEvents(world.em(), stream, 0, 1);
    return event!.actor;
  };

  test.each<[string, Actor, object]>([
    ['a person', ADA, { kind: 'person', id: ADA.id }],
    [
      'an agent, its run and its person',
      ROBOT,
      { kind: 'agent', id: ROBOT.id, runId: ROBOT.runId, personId: ADA.id },
    ],
    ['a part of the system', systemPart('agents.reaper'), { kind: 'system', part: 'agents.reaper' }],
  ])('names %s by ids, and keeps no name of theirs', async (_who, actor, reference) => {
    expect(referenceTo(actor)).toEqual(reference);
    expect(await publishedBy(actor)).toEqual(reference);
  });

  test('that a reader publishes in the name of an agent names the agent', async () => {
    const stream = aStream();
    const event = { stream, subject: randomUUID(), payload: { text: 'a note' } };

    await world.subgraph.transact(systemPart('lab.notes'), async (tx) => {
      tx.publish(NoteWritten, event);
      tx.actingAs(ROBOT).publish(NoteWritten, event);
      tx.publish(NoteWritten, event);
    });

    const events = await readEvents(world.em(), stream, 0, 10);
    expect(events.map(({ actor }) => actor.kind)).toEqual(['system', 'agent', 'system']);
  });
});
