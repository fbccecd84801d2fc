import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Doorbell } from '../event-log/doorbell.ts';
import { type Hint, readEvents, readHeads } from '../event-log/event-log.ts';
import { type Transaction, transact } from '../event-log/transaction.ts';
import { referenceTo } from '../identity/actor.ts';
import { createRequestContext } from '../subgraph/request.ts';
import { form, testLog } from '../testing/infrastructure.ts';
import {
  aNote,
  aPerson,
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

/** PostgreSQL's word that it chose this transaction to give way. */
const giveWay = (tx: Transaction, code: string) =>
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

  test('does not wait for another connection to learn what its viewer may: that would be for ever', async () => {
    const ctx = createRequestContext(world.subgraph, aPerson(), testLog);

    await expect(ctx.transact(() => ctx.grants.load('project:p'))).rejects.toThrow('Inside a transaction');
    await expect(ctx.grants.load('project:p')).resolves.toBeNull();
  });

  test('that fails leaves neither, and nobody hears of it', async () => {
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

  test('whose rows are refused at the end leaves no event either', async () => {
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

  test('rings once it is committed, with the newest position of each stream', async () => {
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

describe('a transaction that PostgreSQL chose to give way', () => {
  test.each(['40001', '40P01'])('(%s) is tried again, and its events are written once', async (code) => {
    const stream = aStream();
    let tries = 0;

    const result = await run(async (tx) => {
      publish(tx, stream);
      if (++tries < 3) await giveWay(tx, code);
      return tries;
    });

    expect(result).toBe(3);
    expect(await readHeads(world.em(), [stream])).toEqual([{ stream, seq: 1 }]);
  });

  test('is tried three times in all', async () => {
    let tries = 0;

    const running = run(async (tx) => {
      tries++;
      await giveWay(tx, '40001');
    });

    await expect(running).rejects.toMatchObject({ code: '40001' });
    expect(tries).toBe(3);
  });

  test('is the only one: what fails for another reason is not tried again', async () => {
    let tries = 0;

    const running = run(async (tx) => {
      tries++;
      await giveWay(tx, '22012');
    });

    await expect(running).rejects.toMatchObject({ code: '22012' });
    expect(tries).toBe(1);
  });

  if (form === 'services') {
    test('in a real deadlock lets both finish', async () => {
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
