import { describe, expect, test } from '@jest/globals';
import { aPerson } from '../../platform/testing/actors.ts';
import { createAdmission } from '../admission.ts';

const ADA = aPerson('Ada');
const BOB = aPerson('Bob');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the admission of operations', () => {
  test('lets so many in at a time, half of them of one person', async () => {
    const admission = createAdmission({ operationsMax: 4, waitMsMax: 1_000 });
    const entered: string[] = [];
    const enter = async (name: string, actor = ADA) => {
      const leave = await admission.enter(actor);
      entered.push(name);
      return leave;
    };
    const adas = ['a1', 'a2', 'a3'].map((name) => enter(name));
    await enter('b1', BOB);
    expect(entered).toEqual(['a1', 'a2', 'b1']);

    (await adas[0]!)();
    await adas[2];
    expect(entered).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  test('refuses at once what would wait too long, by how long the last operations took', async () => {
    const admission = createAdmission({ operationsMax: 2, waitMsMax: 20 });
    for (let times = 0; times < 5; times++) {
      const leave = await admission.enter(ADA);
      await pause(100);
      leave();
    }
    const places = [await admission.enter(ADA), await admission.enter(BOB)];
    const waiting = Array.from({ length: 3 }, () => admission.enter(BOB));
    waiting.map((each) => each.catch(() => undefined));

    const before = performance.now();
    await expect(admission.enter(ADA)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - before).toBeLessThan(20);

    for (const leave of places) leave();
    const all = await Promise.allSettled(waiting.map(async (each) => (await each)()));
    expect(all.some(({ status }) => status === 'fulfilled')).toBe(true);
    (await admission.enter(ADA))();
  });
});
