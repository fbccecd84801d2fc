import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  httpsUrl,
  idempotencyKey,
  isUuid,
  line,
  nonBlankText,
  parseInput,
  text,
  whole,
} from '../input/input.ts';

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
/** Any text, broken Unicode included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xff_ff })).map((units) => String.fromCharCode(...units));
const cannotBeStored = (value: string) => value.includes('\0') || !value.isWellFormed();

describe('text', () => {
  test.each([
    ['NUL', 'a\0b'],
    ['the first half of a pair', 'a\ud83d'],
    ['the second half of a pair', '\ude00b'],
    ['the halves of a pair in the wrong order', '\ude00\ud83d'],
  ])('with %s is refused by every rule for text', (_what, value) => {
    for (const schema of [line(1, 100), text(100), nonBlankText(100), httpsUrl, idempotencyKey]) {
      expect(accepts(schema, schema === httpsUrl ? `https://example.org/${value}` : value)).toBe(false);
    }
  });

  test('of one line that is accepted is trimmed, within its bounds, and can be stored', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const { success, data } = line(2, 20).safeParse(value);
        const trimmed = value.trim();
        const isFit = trimmed.length >= 2 && trimmed.length <= 20 && !cannotBeStored(trimmed);
        expect([success, data]).toEqual([isFit, isFit ? trimmed : undefined]);
      }),
    );
  });

  test('of several lines is kept as it is', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const { success, data } = text(50).safeParse(value);
        const isFit = value.length <= 50 && !cannotBeStored(value);
        expect([success, data]).toEqual([isFit, isFit ? value : undefined]);
      }),
    );
  });

  test('with emoji, combining marks and right-to-left letters is accepted', () => {
    expect(accepts(line(1, 100), '👩‍👩‍👧‍👦 e\u0301 שלום')).toBe(true);
  });

  test('that says nothing is refused where it must say something', () => {
    expect(nonBlankText(10).safeParse(' \n\t ').error?.issues[0]?.message).toBe('must not be empty');
    expect(line(1, 10).safeParse('   ').error?.issues[0]?.message).toBe('must not be empty');
    expect(accepts(text(10), '')).toBe(true);
  });
});

test.each([
  ['https://example.org/a.png', true],
  ['http://example.org/a.png', false],
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['//example.org/a.png', false],
  [`https://example.org/${'a'.repeat(2_000)}`, false],
])('%.40s is an https address: %s', (url, isOne) => {
  expect(accepts(httpsUrl, url)).toBe(isOne);
});

test.each([
  [1, true],
  [5, true],
  [0, false],
  [6, false],
  [1.5, false],
  [Number.NaN, false],
  ['3', false],
])('%p is a whole number from 1 to 5: %s', (value, isOne) => {
  expect(accepts(whole(1, 5), value)).toBe(isOne);
});

test.each([
  ['0192f0c1-7b7a-7c3e-8a55-1f1f4b3d2a10', true],
  ['0192F0C1-7B7A-7C3E-8A55-1F1F4B3D2A10', false],
  ['0192f0c17b7a7c3e8a551f1f4b3d2a10', false],
  ['0192f0c1-7b7a-7c3e-8a55-1f1f4b3d2a10\n', false],
  ['', false],
])('%j can be one of our ids: %s', (id, canBe) => {
  expect(isUuid(id)).toBe(canBe);
});

describe('a wrong input', () => {
  const Input = z.object({ title: line(1, 5), steps: z.array(z.object({ text: line(1, 5) })) });

  test('is INVALID and names the argument at fault, however deep', () => {
    const parse = (input: unknown) => () => parseInput(Input, input);

    expect(parse({ title: 'too long', steps: [] })).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        field: ['input', 'title'],
        message: 'title: must have at most 5 characters',
      }),
    );
    expect(parse({ title: 'a', steps: [{ text: 'a' }, { text: '' }] })).toThrow(
      expect.objectContaining({ field: ['input', 'steps', '1', 'text'] }),
    );
    expect(parse(null)).toThrow(expect.objectContaining({ code: 'INVALID', field: ['input'] }));
  });

  test('is INVALID and never another failure, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(() => parseInput(Input, input)).toThrow(expect.objectContaining({ code: 'INVALID' }));
      }),
    );
  });
});
