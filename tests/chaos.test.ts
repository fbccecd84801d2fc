import { describe, expect, test } from '@jest/globals';
import { form } from '../platform/testing/infrastructure.ts';
import { judge } from './chaos/checker.ts';
import { makePlan, type StormOptions } from './chaos/plan.ts';
import { playStorm } from './chaos/storm.ts';

/** Its plans have kills, hand-overs and callbacks that go wrong, and forgeries, and are over in less than a minute. */
const SEED = 148;
const options: StormOptions = { seed: SEED, cycles: 15, form };

describe('a storm', () => {
  test('leaves everything whole', async () => {
    const { history, faults } = await playStorm(options, () => undefined);

    expect(
      judge(history).flatMap(({ id, violations }) => violations.map((line) => `${id}: ${line}`)),
    ).toEqual([]);
    expect(history.runs.length).toBeGreaterThan(0);
    expect([...faults.keys()]).toContainEqual(expect.stringMatching(/^kill /));
  }, 180_000);

  test('of the same seed is the same plan, of another seed another one', () => {
    expect(makePlan(options, 20)).toEqual(makePlan(options, 20));
    expect(makePlan({ ...options, seed: SEED + 1 }, 20)).not.toEqual(makePlan(options, 20));
  });
});
