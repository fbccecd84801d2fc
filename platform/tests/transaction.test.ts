import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseTime } from '../database/database.ts';
import type { Doorbell } from '../event-log/doorbell.ts';
import { type Hint, readEvents, readHeads } from '../event-log/event-log.ts';
import { type Transaction, transact } from '../event-log/transaction.ts';
import { referenceTo } from '../identity/actor.ts';
import { createRequestContext } from '../subgraph/request.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { form, testLog } from '../testing/infrastructure.ts';
import {
  aNote,
  aStream,
  LAB_LOCKS,
  Note,
  NoteWritten,
  openWorld,
  SILENT_DOORBELL,
  TESTS,
  type World,
} from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const run = <Result>(work: (tx: Transaction) => Promise<Result>, doorbell: Doorbell = SILENT_DOORBELL) =>
  transact({ em: world.em(), doorbell, actor: TESTS, locks: LAB_LOCKS }, work);

const publish = (tx: Transaction, stream: string, text = 'a note') =>
  tx.publish(NoteWritten, { stream, subject: crypto.randomUUID(), payload: { text } });

/** Fails the transaction with a code of PostgreSQL. */
const failWith = (tx: Transaction, code: string) =>
  tx.em.execute(`do $$ begin raise exception using errcode = '${code}'; end $$`);

describe('a transaction', () => {
  test('commits rows and events together, and returns what its work returns', async () => {
    const stream = aStream();

    const note = await run(async (tx) => {
      publish(tx, stream);
      return tx.em.create(Note, aNote('kept'));
    });

    expect(await world.em().count(Note, { id: note.id })).toBe(1);
    expect(await readEvents(world.em(), stream, 0, 10)).toMatchObject([
      { seq: 1, actor: referenceTo(TESTS) },
    ]);
  });

  test('fails when it reads rights over another connection, for which it could wait for ever', async () => {
    const ctx = createRequestContext(world.subgraph, aPerson(), testLog);

    await expect(ctx.transact(() => ctx.grants.load('project:p'))).rejects.toThrow('Inside a transaction');
    await expect(ctx.grants.load('project:p')).resolves.toBeNull();
  });

  test('that fails leaves neither rows nor events, and rings no doorbell', async () => {
    const stream = aStream();
    const note = aNote('not kept');
    const rung: Hint[] = [];
    const doorbell = { ...SILENT_DOORBELL, ring: (hints: readonly Hint[]) => void rung.push(...hints) };

    const running = run(async (tx) => {
      publish(tx, stream);
      tx.em.create(Note, note);
      await tx.em.flush();
      throw new Error('it fails');
    }, doorbell);

    await expect(running).rejects.toThrow('it fails');
    expect(await world.em().count(Note, { id: note.id })).toBe(0);
    expect(await readHeads(world.em(), [stream])).toEqual([]);
    expect(rung).toEqual([]);
  });

  test('whose rows are refused at the commit leaves no event', async () => {
    const stream = aStream();
    const note = aNote('twice');
    await world.em().insert(Note, note);

    const running = run(async (tx) => {
      publish(tx, stream);
      tx.em.create(Note, note);
    });

    await expect(running).rejects.toMatchObject({ code: '23505' });
    expect(await readHeads(world.em(), [stream])).toEqual([]);
  });

  test('rings after its commit, with the newest position of each stream', async () => {
    const streams = [aStream(), aStream()].toSorted();
    const rung: Hint[] = [];
    let isCommitted: Promise<boolean> | undefined;
    const ring = (hints: readonly Hint[]) => {
      rung.push(...hints);
      isCommitted = readHeads(world.em(), streams).then((heads) => heads.length === 2);
    };

    await run(
      async (tx) => {
        for (const stream of [...streams, streams[1]!]) publish(tx, stream);
      },
      { ...SILENT_DOORBELL, ring },
    );

    const types = [NoteWritten.type];
    expect(rung).toEqual([
      { stream: streams[0], seq: 1, types },
      { stream: streams[1], seq: 2, types },
    ]);
    expect(await isCommitted).toBe(true);
  });
});

describe('in a transaction', () => {
  test('the time is that of the database, and the same throughout', async () => {
    const [first, later, ofDatabase] = await run(async (tx) => {
      const time = await tx.now();
      await tx.em.execute('select pg_sleep(0.01)');
      return [time, await tx.actingAs(aPerson()).now(), await databaseTime(tx.em)] as const;
    });

    expect(later).toEqual(first);
    expect(first).toEqual(ofDatabase);
  });

  test('the time is a new one when it is tried again', async () => {
    const times: Date[] = [];

    await run(async (tx) => {
      times.push(await tx.now());
      if (times.length < 2) await failWith(tx, '40001');
    });

    expect(times[1]!.getTime()).toBeGreaterThan(times[0]!.getTime());
  });

  test('of a request the actor is that of the request, and the viewer is the person whose rights count', async () => {
    const ada = aPerson();
    const agent = agentInRun({ onBehalfOf: ada });
    const ctx = createRequestContext(world.subgraph, agent, testLog);

    expect([ctx.actor, ctx.viewer]).toEqual([agent, ada]);
    expect(await ctx.transact(async (tx) => tx.actor)).toEqual(agent);
  });

  test('of another actor rows, events and locks are the same', async () => {
    const stream = aStream();
    const note = aNote('written by both');

    await run(async (tx) => {
      const other = tx.actingAs(aPerson());
      await other.em.insert(Note, note);
      expect(await tx.em.count(Note, { id: note.id })).toBe(1);
      publish(other, stream, 'first');
      publish(tx, stream, 'second');
      expect(other.locks).toBe(tx.locks);
    });

    expect((await readEvents(world.em(), stream, 0, 10)).map(({ payload }) => payload)).toEqual([
      { text: 'first' },
      { text: 'second' },
    ]);
  });
});

describe('a transaction that PostgreSQL rolled back in favour of another one', () => {
  test.each(['40001', '40P01'])('(%s) is tried again, and its events are written once', async (code) => {
    const stream = aStream();
    let tries = 0;

    const result = await run(async (tx) => {
      publish(tx, stream);
      if (++tries < 3) await failWith(tx, code);
      return tries;
    });

    expect(result).toBe(3);
    expect(await readHeads(world.em(), [stream])).toEqual([{ stream, seq: 1 }]);
  });

  test('is tried three times in all', async () => {
    let tries = 0;

    const running = run(async (tx) => {
      tries++;
      await failWith(tx, '40001');
    });

    await expect(running).rejects.toMatchObject({ code: '40001' });
    expect(tries).toBe(3);
  });

  test('is the only one that is tried again', async () => {
    let tries = 0;

    const running = run(async (tx) => {
      tries++;
      await failWith(tx, '22012');
    });

    await expect(running).rejects.toMatchObject({ code: '22012' });
    expect(tries).toBe(1);
  });

  if (form === 'services') {
    test('in a real deadlock is tried again, so that both finish', async () => {
      const [a, b] = [aNote('a'), aNote('b')];
      await world.em().insertMany(Note, [a, b]);
      const bothHoldOne = Promise.withResolvers<void>();
      let holders = 0;
      const rename = (first: typeof a, second: typeof a, text: string) =>
        run(async (tx) => {
          await tx.em.nativeUpdate(Note, { id: first.id }, { text });
          if (++holders === 2) bothHoldOne.resolve();
          await bothHoldOne.promise;
          await tx.em.nativeUpdate(Note, { id: second.id }, { text });
        });

      await Promise.all([rename(a, b, 'one'), rename(b, a, 'two')]);

      expect(holders).toBeGreaterThanOrEqual(3);
      const texts = (await world.em().find(Note, { id: { $in: [a.id, b.id] } })).map(({ text }) => text);
      expect(new Set(texts).size).toBe(1);
    });
  }
});
