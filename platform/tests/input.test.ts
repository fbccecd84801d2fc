import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { cleanLine } from '../input/clean-text.ts';
import { type DomainError, isUserError } from '../input/errors.ts';
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
/** Any text, also one with broken Unicode. */
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

  test('of one line that is accepted is within its bounds, clean, and can be stored', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const { success, data } = line(2, 20).safeParse(value);
        const cleaned = cleanLine(value);
        const isFit = cleaned.length >= 2 && cleaned.length <= 20 && !cannotBeStored(cleaned);
        expect([success, data]).toEqual([isFit, isFit ? cleaned : undefined]);
      }),
    );
  });

  test('of several lines keeps its spaces and line breaks', () => {
    const markdown = '  # Title\r\n\n\tcode  \n- a\u200Bb\n';
    expect(text(50).parse(markdown)).toBe(markdown);
    expect(text(50).parse('a\u202Eb\u001B[1m\u2066c')).toBe('ab[1mc');
  });

  test('with emoji, combining marks and right-to-left letters is accepted', () => {
    expect(accepts(line(1, 100), '👩‍👩‍👧‍👦 e\u0301 שלום')).toBe(true);
  });

  test('that is blank is refused where it must not be', () => {
    expect(nonBlankText(10).safeParse(' \n\t ').error?.issues[0]?.message).toBe('must not be empty');
    expect(line(1, 10).safeParse('   ').error?.issues[0]?.message).toBe('must not be empty');
    expect(accepts(text(10), '')).toBe(true);
    for (const nothing of ['\u200B', '\u2800\n', '\u3164', '\u00AD\u2060', '\u202E', '\uFE0F']) {
      expect(accepts(nonBlankText(10), nothing)).toBe(false);
      expect(accepts(line(1, 10), nothing)).toBe(false);
    }
  });
});

test.each([
  ['https://example.org/a.png', true],
  ['http://example.org/a.png', false],
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['//example.org/a.png', false],
  ['https://example.org/a\u200B.png', false],
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

const Input = z.strictObject({ title: line(1, 5), steps: z.array(z.strictObject({ text: line(1, 5) })) });
const parse = (input: unknown) => () => parseInput('noteWrite', Input, input);

function faultOf(input: unknown): unknown {
  try {
    return parse(input)();
  } catch (error) {
    return error;
  }
}

describe('a wrong input', () => {
  test('is INVALID and names the argument at fault, also in nested objects', () => {
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

  test('names every argument at fault', () => {
    expect(parse({ title: '', steps: [{ text: '' }] })).toThrow(
      expect.objectContaining({
        field: ['input', 'title'],
        others: [{ message: 'text: must not be empty', field: ['input', 'steps', '0', 'text'] }],
      }),
    );
  });

  test('is INVALID, unless it has an unknown key, and causes no other failure', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const fault = faultOf(input) as DomainError;
        expect(fault.code === 'INVALID' || /^noteWrite does not know /.test(fault.message)).toBe(true);
      }),
    );
  });
});

describe('a key that the schema of an input does not know', () => {
  test.each([
    ['beside the others', { title: 'a', steps: [], estimate: 3 }, 'estimate'],
    ['in a nested object', { title: 'a', steps: [{ text: 'a', isDone: true }] }, 'isDone'],
    ['beside a wrong value', { title: '', steps: [], estimate: 3 }, 'estimate'],
    ['without a value', { title: 'a', steps: [], estimate: undefined }, 'estimate'],
  ])('%s is a fault that names the verb and the key, and no user error', (_where, input, key) => {
    const fault = faultOf(input);

    expect(fault).toEqual(new Error(`noteWrite does not know ${key}: add it to the schema of its input`));
    expect(isUserError(fault)).toBe(false);
  });
});
