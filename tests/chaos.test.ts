import { describe, expect, test } from '@jest/globals';
import { form } from '../platform/testing/infrastructure.ts';
import { checkInvariants } from './chaos/checker.ts';
import { makePlan, type ScenarioOptions } from './chaos/plan.ts';
import { runScenario } from './chaos/scenario.ts';

/** The plans of this seed contain kills, failed hand-overs, faulty and forged callbacks, and take less than a minute. */
const SEED = 148;
const options: ScenarioOptions = { seed: SEED, cycles: 15, form };

describe('a chaos scenario', () => {
  test('violates no invariant', async () => {
    const { history, faults } = await runScenario(options, () => undefined);

    expect(
      checkInvariants(history).flatMap(({ id, violations }) => violations.map((line) => `${id}: ${line}`)),
    ).toEqual([]);
    expect(history.runs.length).toBeGreaterThan(0);
    expect([...faults.keys()]).toContainEqual(expect.stringMatching(/^kill /));
  }, 180_000);

  test('has the same plan for the same seed and another plan for another seed', () => {
    expect(makePlan(options, 20)).toEqual(makePlan(options, 20));
    expect(makePlan({ ...options, seed: SEED + 1 }, 20)).not.toEqual(makePlan(options, 20));
  });
});
