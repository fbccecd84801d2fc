import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { backoffMs } from '../process/backoff.ts';

const BOUNDS = { firstMs: 100, lastMs: 5_000 };

describe('the backoff', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('starts at its first wait and doubles up to its last', () => {
    const waits = Array.from({ length: 8 }, (_, index) => backoffMs(index + 1, BOUNDS));

    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test('grows by another factor where one is given', () => {
    const bounds = { firstMs: 5_000, lastMs: 30_000, factor: 6 };

    expect([1, 2, 3].map((failures) => backoffMs(failures, bounds))).toEqual([5_000, 30_000, 30_000]);
  });

  test('stays at its last wait after any number of failures', () => {
    expect(backoffMs(10_000, BOUNDS)).toBe(5_000);
  });

  test.each([
    [0, 5_000],
    [0.5, 3_750],
    [0.999, 2_502.5],
  ])('is shortened by its jitter alone: at random %d it is %d ms', (random, expected) => {
    jest.spyOn(Math, 'random').mockReturnValue(random);

    expect(backoffMs(7, { ...BOUNDS, jitter: 0.5 })).toBeCloseTo(expected);
  });
});
