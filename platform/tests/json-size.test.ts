import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasMoreValues } from '../input/json-size.ts';

/** Counts as `hasMoreValues` does, from the parsed value: a list or object is one value more than its items. */
const count = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  const items = Object.values(value);
  return 1 + Math.max(0, items.length - 1) + items.reduce<number>((sum, item) => sum + count(item), 0);
};

describe('the number of values in a JSON text', () => {
  test('is counted without the characters inside strings, however they are escaped', () => {
    const text = JSON.stringify({ query: '{ a(b: [1, 2, {c: 3}]), d }', escaped: '\\"', more: '",[{\\' });
    expect(hasMoreValues(text, 4)).toBe(false);
    expect(hasMoreValues(text, 3)).toBe(true);
  });

  test('is the same as of the parsed value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const values = 1 + count(value);
        expect(hasMoreValues(JSON.stringify(value), values)).toBe(false);
        expect(hasMoreValues(JSON.stringify(value), values - 1)).toBe(true);
      }),
    );
  });

  test('is found in time that grows with the length', () => {
    const escapes = `"${'\\"'.repeat(500_000)}"`;
    const start = process.threadCpuUsage();
    expect(hasMoreValues(escapes, 10)).toBe(false);
    expect(hasMoreValues(`[${'1,'.repeat(500_000)}1]`, 1e9)).toBe(false);
    const { user, system } = process.threadCpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(200);
  });
});
