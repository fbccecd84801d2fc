import { describe, expect, test } from '@jest/globals';
import { cutText, makeStorable } from '../input/text.ts';

const FAMILY = '👩‍👩‍👧‍👦'; // 11 UTF-16 units
const FLAG = '🇩🇪'; // 4

describe('a text that is cut', () => {
  test.each([
    ['short', 5, 'short'],
    ['abcdef', 3, 'abc'],
    [`ab${FAMILY}`, 13, `ab${FAMILY}`],
    [`ab${FAMILY}`, 12, 'ab'],
    [`ab${FAMILY}cd`, 5, 'ab'],
    ['e\u0301e\u0301', 3, 'e\u0301'],
    [FLAG.repeat(5), 10, FLAG.repeat(2)],
    ['a\r\nb', 2, 'a'],
    ['', 0, ''],
  ])('%j at %d ends between two characters: %j', (text, units, expected) => {
    expect(cutText(text, units)).toBe(expected);
  });

  test('never exceeds the bound, also when one character is endless', () => {
    const endless = `a${'\u0301'.repeat(10_000)}`;
    expect(cutText(endless, 100)).toHaveLength(100);
  });

  test('of many megabytes costs no more than a short one', () => {
    const text = FLAG.repeat(2_000_000);
    const before = performance.now();
    cutText(text, 100);
    expect(performance.now() - before).toBeLessThan(100);
  });

  test('holds nothing that PostgreSQL or JSON cannot store', () => {
    expect(makeStorable('a\0b\ud83d')).toBe('a\uFFFDb\uFFFD');
    expect(cutText('a\0b\ud83d', 2)).toBe('a\uFFFD');
  });
});
