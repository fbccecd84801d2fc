import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IdempotentCall } from '../event-log/idempotency.ts';
import { removeExpired } from '../event-log/retention.ts';
import type { Actor } from '../identity/actor.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { aNote, aStream, Note, NoteWritten, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const aCall = (overrides: Partial<IdempotentCall> = {}): IdempotentCall => ({
  verb: 'noteWrite',
  key: randomUUID(),
  input: { text: 'a note', tags: ['a', 'b'] },
  ...overrides,
});

const ADA = aPerson();

interface Caller {
  actor?: Actor;
  fails?: boolean;
}

/** Makes a call that writes a note with the key as its text. */
const write = (call: IdempotentCall, { actor = ADA, fails = false }: Caller = {}): Promise<string> =>
  world.subgraph.transact(
    actor,
    async (tx) => {
      if (tx.isRepeat) return tx.call!.resultId!;
      const note = aNote(call.key);
      await tx.em.insert(Note, note);
      if (fails) throw new Error('it fails');
      await tx.call!.keepResult(tx.em, note.id);
      return note.id;
    },
    call,
  );
const written = ({ key }: IdempotentCall) => world.em().count(Note, { text: key });

describe('a call with an idempotency key', () => {
  test('does its work once, and its repeats get the first id', async () => {
    const call = aCall();

    const ids = [await write(call), await write(call), await write(call)];

    expect(new Set(ids).size).toBe(1);
    expect(await written(call)).toBe(1);
  });

  test('does its work once when it is made eight times at once', async () => {
    const call = aCall();

    const ids = await Promise.all(Array.from({ length: 8 }, () => write(call)));

    expect(new Set(ids).size).toBe(1);
    expect(await written(call)).toBe(1);
  });

  test('can be made again after it failed', async () => {
    const call = aCall();
    await expect(write(call, { fails: true })).rejects.toThrow('it fails');

    await write(call);

    expect(await written(call)).toBe(1);
  });

  test('may repeat its arguments in another order, but not bring other arguments', async () => {
    const call = aCall({ input: { text: 'a note', nested: { a: 1, b: [1, 2] } } });
    const id = await write(call);

    expect(await write({ ...call, input: { nested: { b: [1, 2], a: 1 }, text: 'a note' } })).toBe(id);
    for (const input of [
      { text: 'another', nested: { a: 1, b: [1, 2] } },
      { text: 'a note', nested: { a: 1, b: [2, 1] } },
      { text: 'a note' },
    ]) {
      await expect(write({ ...call, input })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_MISMATCH',
        field: ['input', 'idempotencyKey'],
      });
    }
  });

  test('is another call for another actor or another verb', async () => {
    const call = aCall();

    const ids = [
      await write(call),
      await write(call, { actor: aPerson('Bob') }),
      await write({ ...call, verb: 'noteStrike' }),
    ];

    expect(new Set(ids).size).toBe(3);
  });

  test('is another call for an agent than for its person, and another one in each run of the agent', async () => {
    const call = aCall();
    const agent = agentInRun({ onBehalfOf: ADA });

    const ids = [
      await write(call),
      await write(call, { actor: agent }),
      await write(call, { actor: { ...agent, runId: randomUUID() } }),
    ];

    expect(new Set(ids).size).toBe(3);
    expect(await write(call, { actor: agent })).toBe(ids[1]);
  });

  test('is a new call once retention has removed its key, also with other arguments', async () => {
    const call = aCall();
    await write(call);
    await world
      .em()
      .execute(`update log.idempotency set created_at = now() - interval '3 days' where key = ?`, [call.key]);
    await write(call);
    expect(await written(call)).toBe(1);

    await removeExpired({
      ...world.subgraph,
      config: { RETENTION_EVENTS_DAYS: 90, RETENTION_IDEMPOTENCY_HOURS: 24 },
      rules: [],
    });

    await write({ ...call, input: {} });
    expect(await written(call)).toBe(2);
  });
});

test('a transaction without a call is no repeat', async () => {
  const seen = await world.subgraph.transact(ADA, async ({ call, isRepeat }) => ({ call, isRepeat }));
  expect(seen).toEqual({ call: null, isRepeat: false });
});

test('the repeat of a call cannot publish: it changes nothing', async () => {
  const call = aCall();
  const publish = () =>
    world.subgraph.transact(
      ADA,
      async (tx) => {
        const subject = randomUUID();
        tx.publish(NoteWritten, { stream: aStream(), subject, payload: { text: 'a note' } });
      },
      call,
    );
  await publish();
  await expect(publish()).rejects.toThrow('must change nothing');
});

test('a call that was forgotten is a first one again', async () => {
  const call = aCall();
  const claim = () => world.subgraph.transact(ADA, async (tx) => tx.call!, call);
  const first = await claim();
  expect((await claim()).isRepeat).toBe(true);
  await first.forget(world.em());
  expect((await claim()).isRepeat).toBe(false);
});
