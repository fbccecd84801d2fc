import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineEvent } from '../../schema/events/event.ts';
import { encodeCursor } from '../event-log/cursor.ts';
import { removeGrant, requireRole, setGrant } from '../identity/grants.ts';
import { createRequestContext, type RequestContext } from '../subgraph/request.ts';
import { type FollowOptions, follows, type StreamEventRoot, show } from '../subgraph/subscription.ts';
import { aPerson } from '../testing/actors.ts';
import { testLog } from '../testing/infrastructure.ts';
import {
  aStream,
  NoteStruck,
  NoteWritten,
  numbered,
  openWorld,
  SILENT_DOORBELL,
  TESTS,
  type World,
} from './world.ts';

const RightsChanged = defineEvent('lab.rights-changed.v1', z.object({}));

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Creates a notebook, which is a stream and a scope, and a person who may read it. */
async function aNotebook() {
  const id = randomUUID();
  const stream = `notebook:${id}`;
  const ada = aPerson();
  await setGrant(world.em(), stream, ada.id, 'VIEWER');
  const ctx = createRequestContext(world.subgraph, ada, testLog);
  return {
    stream,
    ctx,
    authorise: (fresh: RequestContext) =>
      requireRole(fresh.grants, stream, 'VIEWER', { kind: 'Notebook', id }),
    /** Removes the person's rights. `isSaid` decides whether the stream tells it. */
    removeReader: (isSaid: boolean) =>
      world.subgraph.transact(TESTS, async (tx) => {
        await removeGrant(tx.em, stream, ada.id);
        if (isSaid) tx.publish(RightsChanged, { stream, subject: ada.id, payload: {} });
      }),
  };
}

const MAPPINGS = [
  show(NoteWritten, ({ text }) => ({ __typename: 'NoteWritten', text })),
  show(
    NoteStruck,
    ({ text }) => ({ __typename: 'NoteStruck', text }),
    ({ text }) => text === 'last',
  ),
];

type Notebook = Awaited<ReturnType<typeof aNotebook>>;

/** Subscribes to a notebook as the person who may read it. */
const subscribe = (
  { ctx, stream, authorise }: Notebook,
  options: Partial<FollowOptions> = {},
  rights: 'rights change here' | 'rights change elsewhere' = 'rights change here',
): Promise<AsyncIterableIterator<StreamEventRoot>> =>
  follows(MAPPINGS, () => ({
    ctx,
    stream,
    after: null,
    rightsChange: RightsChanged,
    checksEveryEvent: rights === 'rights change elsewhere',
    authorise,
    ...options,
  })).subscribe(null, {}, ctx);

const inShort = ({ __typename, text, reason }: StreamEventRoot & { text?: string; reason?: string }) =>
  text ?? reason ?? __typename;

/** The next events in short form: their texts, or their types. */
async function take(events: AsyncIterator<StreamEventRoot>, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    taken.push(done ? 'done' : inShort(value));
  }
  return taken;
}

describe('a subscription', () => {
  test('replays the events after its cursor, tells that it has caught up, and continues live', async () => {
    const notebook = await aNotebook();
    await world.write(notebook.stream, numbered(3));

    const events = await subscribe(notebook, { after: encodeCursor(notebook.stream, 1) });

    expect(await take(events, 3)).toEqual(['1', '2', 'StreamCaughtUp']);
    await world.write(notebook.stream, ['live']);
    expect(await take(events, 1)).toEqual(['live']);
    await events.return?.();
  });

  test('continues from the cursor of any of its events without a gap or a repeat', async () => {
    const notebook = await aNotebook();
    await world.write(notebook.stream, numbered(5));
    const texts: unknown[] = [];
    let after = encodeCursor(notebook.stream, 0);

    for (let visit = 0; visit < 7; visit++) {
      const events = await subscribe(notebook, { after });
      const { value } = await events.next();
      after = value.cursor;
      texts.push(inShort(value));
      await events.return?.();
    }

    expect(texts).toEqual([...numbered(5), 'StreamCaughtUp', 'StreamCaughtUp']);
  });

  test('tells why events cannot be replayed, and continues live', async () => {
    const notebook = await aNotebook();

    const events = await subscribe(notebook, { after: encodeCursor(notebook.stream, 9) });

    expect(await take(events, 2)).toEqual(['CURSOR_UNKNOWN', 'StreamCaughtUp']);
    await events.return?.();
  });

  test.each([
    ['of another stream', () => encodeCursor(aStream(), 1)],
    ['that is no cursor', () => 'no cursor'],
    ['that is empty', () => ''],
  ])('with a cursor %s is INVALID', async (_what, after) => {
    await expect(subscribe(await aNotebook(), { after: after() })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['after'],
    });
  });

  test('gives only events about its subject', async () => {
    const notebook = await aNotebook();
    const subject = randomUUID();
    const events = await subscribe(notebook, { subject });
    await take(events, 1);

    await world.write(notebook.stream, ['about something else']);
    await world.write(notebook.stream, ['about it'], { subject });

    expect(await take(events, 1)).toEqual(['about it']);
    await events.return?.();
  });

  test('ends with its last event', async () => {
    const notebook = await aNotebook();
    await world.write(notebook.stream, ['first']);
    await world.write(notebook.stream, ['last'], { definition: NoteStruck });
    await world.write(notebook.stream, ['after the last']);

    const events = await subscribe(notebook, { after: encodeCursor(notebook.stream, 0) });

    expect(await take(events, 3)).toEqual(['first', 'last', 'done']);
  });

  test('that is over ends as soon as it has caught up', async () => {
    const notebook = await aNotebook();
    await world.write(notebook.stream, ['first']);

    const events = await subscribe(notebook, { after: encodeCursor(notebook.stream, 0), isOver: true });

    expect(await take(events, 3)).toEqual(['first', 'StreamCaughtUp', 'done']);
  });

  test('of a stream that is over gives its last event before the hub has read it', async () => {
    const notebook = await aNotebook();
    const { stream } = notebook;
    const other = await subscribe(notebook);
    await take(other, 1);
    await world.write(stream, ['last'], { definition: NoteStruck, doorbell: SILENT_DOORBELL });

    const events = await subscribe(notebook, { after: encodeCursor(stream, 0), isOver: true });

    expect(await take(events, 1)).toEqual(['StreamCaughtUp']);
    await world.write(stream, ['after the last']); // its hint makes the hub read
    expect(await take(events, 2)).toEqual(['last', 'done']);
    await other.return?.();
  });

  test('ends at once when its client leaves while it waits', async () => {
    const events = await subscribe(await aNotebook());
    await take(events, 1);
    const waiting = events.next();

    await events.return?.();

    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

describe('rights', () => {
  test('are checked before the first event', async () => {
    const notebook = await aNotebook();
    await notebook.removeReader(false);

    await expect(subscribe(notebook)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that the stream tells have been removed end it: nothing committed afterwards is given', async () => {
    const notebook = await aNotebook();
    const events = await subscribe(notebook);
    await take(events, 1);

    await world.write(notebook.stream, ['before']);
    await notebook.removeReader(true);
    await world.write(notebook.stream, ['afterwards']);

    expect(await take(events, 1)).toEqual(['before']);
    await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await take(events, 1)).toEqual(['done']);
  });

  test('of another person may change without ending it, and the change is not shown', async () => {
    const notebook = await aNotebook();
    const events = await subscribe(notebook);
    await take(events, 1);

    await world.write(notebook.stream, ['x'], { definition: RightsChanged as never });
    await world.write(notebook.stream, ['afterwards']);

    expect(await take(events, 1)).toEqual(['afterwards']);
    await events.return?.();
  });

  test('that change in another stream are checked before every event', async () => {
    const notebook = await aNotebook();
    const events = await subscribe(notebook, {}, 'rights change elsewhere');
    await take(events, 1);

    await world.write(notebook.stream, ['before']);
    expect(await take(events, 1)).toEqual(['before']);
    await notebook.removeReader(false);
    await world.write(notebook.stream, ['afterwards']);

    await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
