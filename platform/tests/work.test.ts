import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Transaction } from '../event-log/transaction.ts';
import { DomainError } from '../input/errors.ts';
import { runOwnWork, runWork, type Work } from '../process/work.ts';
import { form } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';
import { aNote, Note, openWorld, TESTS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const aWork = (bounds: Partial<Work> = {}): Work => ({ owner: 'Ada', isUrgent: false, ...bounds });
const write = (text: string, meanwhile: () => unknown = () => undefined) =>
  world.subgraph.transact(TESTS, async (tx: Transaction) => {
    await tx.em.insert(Note, aNote(text));
    await meanwhile();
  });
const isWritten = async (text: string) => (await world.em().count(Note, { text })) > 0;
const OVER = { code: 'UNAVAILABLE', message: expect.stringContaining('nothing was changed') };

describe('work for which nobody waits any more', () => {
  test('does not begin after its time, although no timer has told', async () => {
    await expect(
      runWork(aWork({ deadlineAt: Date.now() - 1 }), () => write('begun too late')),
    ).rejects.toMatchObject(OVER);
    expect(await isWritten('begun too late')).toBe(false);
  });

  test('is rolled back when its time ends before the commit', async () => {
    const deadlineAt = Date.now() + 200;
    const standStill = () => {
      while (Date.now() < deadlineAt); // as a process does that is suspended
    };
    await expect(
      runWork(aWork({ deadlineAt }), () => write('ended too late', standStill)),
    ).rejects.toMatchObject(OVER);
    expect(await isWritten('ended too late')).toBe(false);
  });

  test('is rolled back when its client has gone', async () => {
    const leaving = new AbortController();
    const working = runWork(aWork({ signal: leaving.signal }), () =>
      write('of a client that left', () => leaving.abort()),
    );
    await expect(working).rejects.toMatchObject(OVER);
    expect(await isWritten('of a client that left')).toBe(false);
  });

  test('does not stop the own work of the service that it has begun', async () => {
    await runWork(aWork({ deadlineAt: Date.now() - 1 }), () => runOwnWork(() => write('own work')));
    expect(await isWritten('own work')).toBe(true);
  });
});

/** Only a server has a pool: the embedded database has one connection. */
const describePool = form === 'services' ? describe : describe.skip;

describePool('the connections of a pool of 8', () => {
  const SLEEPS = 'select pg_sleep(1.5)';
  const running = async () => {
    const [row]: { count: number }[] = await runOwnWork(() =>
      world.em().execute(
        `select count(*)::int as count from pg_stat_activity
         where datname = current_database() and query = '${SLEEPS}' and state = 'active'`,
      ),
    );
    return row!.count;
  };

  test('are not all for one person, and urgent work waits for nobody', async () => {
    const hog = (owner: string) =>
      Array.from({ length: 20 }, () => runWork(aWork({ owner }), () => world.em().execute(SLEEPS)));
    const adas = hog('Ada');
    await until('Ada has her share', async () => (await running()) === 4);
    const bobs = hog('Bob');
    await until('Bob has what is left', async () => (await running()) === 6);

    const before = performance.now();
    await runWork(aWork({ owner: 'Eve', isUrgent: true }), () => world.em().execute('select 1'));
    expect(performance.now() - before).toBeLessThan(500);
    await Promise.all([...adas, ...bobs]);
  });

  test('are given up by those whose client has gone while they waited', async () => {
    const leaving = new AbortController();
    const hogs = Array.from({ length: 4 }, () => runWork(aWork(), () => world.em().execute(SLEEPS)));
    const waiting = runWork(aWork({ signal: leaving.signal }), () => world.em().execute('select 1'));
    waiting.catch(() => undefined);
    await until('all have begun', async () => (await running()) === 4);
    leaving.abort(new DomainError('UNAVAILABLE', 'left'));

    await expect(waiting).rejects.toMatchObject({ message: 'left' });
    await Promise.all(hogs);
  });
});
