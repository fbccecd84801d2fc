import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanLine, cleanText, isBlank, nameKey } from '../input/clean-text.ts';

const INVISIBLE = {
  'zero-width space': '\u200B',
  'word joiner': '\u2060',
  'byte order mark': '\uFEFF',
  'soft hyphen': '\u00AD',
  'joiner without neighbours': '\u200D',
  'non-joiner without neighbours': '\u200C',
  'variation selector after a letter': '\uFE0F',
  'combining grapheme joiner': '\u034F',
  'Hangul filler': '\u3164',
  'Hangul choseong filler': '\u115F',
  'halfwidth Hangul filler': '\uFFA0',
  'Khmer inherent vowel': '\u17B4',
  'Mongolian vowel separator': '\u180E',
  'right-to-left override': '\u202E',
  'left-to-right mark': '\u200E',
  'Arabic letter mark': '\u061C',
  'first strong isolate': '\u2068',
  'tag letter': '\u{E0041}',
  'interlinear annotation': '\uFFF9',
  escape: '\u001B',
  bell: '\u0007',
  'C1 control': '\u009B',
  noncharacter: '\uFFFE',
};

describe('a line', () => {
  test.each(Object.entries(INVISIBLE))('loses a %s, wherever it stands', (_name, invisible) => {
    expect(cleanLine(`${invisible}pl${invisible}ans${invisible}`)).toBe('plans');
    expect(cleanLine(invisible)).toBe('');
    expect(isBlank(` ${invisible}\n`)).toBe(true);
    expect(nameKey(`Pl${invisible}ans`)).toBe(nameKey('plans'));
  });

  test.each([
    ['a family', '👩‍👩‍👧‍👦'],
    ['a skin and a profession', '👩🏽‍💻 🤷🏻‍♀️ 🧑‍🤝‍🧑'],
    ['hearts and eyes', '❤️‍🔥 👁️‍🗨️ ☎︎'],
    ['flags', '🇩🇪 🏳️‍🌈 🏴‍☠️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['keycaps', '1️⃣ #️⃣ *️⃣'],
    ['Hebrew and Arabic', 'שלום עולם, مرحبا'],
    ['Persian with a non-joiner', 'می‌خواهم نامه‌ها'],
    ['Hindi and Sinhala with a joiner', 'क्‍ष ක්‍ෂ'],
    ['an ideograph with a variant', '葛󠄀飾区'],
    ['Vietnamese, Korean and Thai', 'Tiếng Việt 한국어 ภาษาไทย'],
    ['mathematics', 'Ω ≠ ∑ → €'],
  ])('keeps %s whole', (_name, text) => {
    const composed = text.normalize('NFC');
    expect(cleanLine(`  ${text} `)).toBe(composed);
  });

  test('has spaces for line breaks and tabs, none at its ends, and one form of each letter', () => {
    expect(cleanLine('\n a\r\nb\tc\u2028d \u00A0\u2800')).toBe('a b c d');
    expect(cleanLine('e\u0301')).toBe('\u00E9');
  });

  test('is clean once it was cleaned, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cleaned = cleanLine(text.replaceAll('\0', '')); // NUL is refused, not removed
        expect(cleanLine(cleaned)).toBe(cleaned);
        expect(isBlank(cleaned)).toBe(cleaned === '');
        expect(cleaned).not.toMatch(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a million characters takes less than eight seconds', () => {
    const startedAt = performance.now();
    for (const unit of ['\u200B', ' ', ' a', 'م\u200C', '👩\u200D']) cleanLine(unit.repeat(500_000));
    expect(performance.now() - startedAt).toBeLessThan(8_000); // on a busy machine; a quadratic expression takes minutes
  });
});

test('text of several lines keeps its lines and marks, and loses controls and overrides of direction', () => {
  expect(cleanText('  a\r\n\tb\u200F \n')).toBe('  a\r\n\tb\u200F \n');
  expect(cleanText('safe\u202E\u2066txt.exe\u001B[2J')).toBe('safetxt.exe[2J');
});

test.each([
  ['Plans', 'PLANS'],
  ['Straße', 'STRASSE'],
  ['ΣΑΣ', 'σας'],
  ['caf\u00E9', 'cafe\u0301'],
  ['Ｐｌａｎｓ', 'plans'],
  ['release  plans', 'release\u00A0plans'],
  ['نامه‌ها', 'نامهها'],
  ['❤️', '❤'],
])('%s and %s are one name', (one, other) => {
  expect(nameKey(one)).toBe(nameKey(other));
});

test('names that look different are different', () => {
  const names = ['plans', 'plan', 'pläns', 'plans 2', '👩', '👨', 'планы'];
  expect(new Set(names.map(nameKey)).size).toBe(names.length);
});
