import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { API_FILE } from '../../schema/compose.ts';
import { DOCUMENT_LIMITS, limitDocument, PARSE_OPTIONS } from '../limits.ts';

const schema = buildSchema(readFileSync(API_FILE, 'utf8'));
const messagesOf = (document: string) =>
  validate(schema, parse(document), [limitDocument]).map(({ message }) => message);

/** Nests a field to this number of levels. */
const nested = (levels: number): string => (levels === 0 ? '' : `{ parent ${nested(levels - 1)} }`);
const times = (count: number, text: (number: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

describe('each limit of a document is enforced and named', () => {
  test.each<[keyof typeof DOCUMENT_LIMITS, (count: number) => string, string]>([
    ['depth', (count) => nested(count), 'levels of fields'],
    ['depth', (count) => `{ ...F } fragment F on Query ${nested(count)}`, 'levels of fields'],
    ['aliases', (count) => `{ viewer { ${times(count, (number) => `a${number}: id`)} } }`, 'aliases'],
    ['rootFields', (count) => `{ ${times(count, () => 'viewer')} }`, 'fields at its root'],
    [
      'rootFields',
      (count) => `{ ...F } fragment F on Query { ${times(count, () => 'viewer')} }`,
      'fields at its root',
    ],
    ['directives', (count) => `{ viewer { id ${times(count, () => '@include(if: true)')} } }`, 'directives'],
    [
      'fields',
      (
        count,
      ) => `{ viewer { ...F } ...G } fragment G on Query { viewer { ${times(count / 2 - 2, () => '...F')} } }
                  fragment F on User { id displayName }`,
      'fields with its fragments expanded',
    ],
  ])('%s', (limit, document, words) => {
    const most = DOCUMENT_LIMITS[limit];
    expect(messagesOf(document(most))).toEqual([]);
    expect(messagesOf(document(most + 2))).toEqual([`The document has more than ${most} ${words}.`]);
  });

  test('tokens', () => {
    const { maxTokens } = PARSE_OPTIONS;
    expect(() => parse(`{ ${'id '.repeat(maxTokens - 2)} }`, PARSE_OPTIONS)).not.toThrow();
    expect(() => parse(`{ ${'id '.repeat(maxTokens)} }`, PARSE_OPTIONS)).toThrow('2000 tokens');
  });

  test('introspection is not counted, because the explorer’s own query is deeper', () => {
    expect(
      messagesOf(`{ __schema { types { fields { type ${nested(20).replaceAll('parent', 'ofType')} } } } }`),
    ).toEqual([]);
  });
});

describe('a document that is meant to be costly', () => {
  /** The CPU time of this thread, which other processes do not change; the best of several runs, as the first compiles. */
  const millisecondsOf = (work: () => unknown) => {
    const runs = Array.from({ length: 5 }, () => {
      const start = process.threadCpuUsage();
      work();
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1000;
    });
    return Math.min(...runs);
  };
  const fully = (document: string) => () => {
    try {
      validate(schema, parse(document, PARSE_OPTIONS), [...specifiedRules, limitDocument]);
    } catch {
      // refused for too many tokens
    }
  };

  test.each([
    [
      'fragments that expand to 10^15 fields',
      `{ ...F0 } ${times(50, (number) => `fragment F${number} on Query { ...F${number + 1} ...F${number + 1} }`)}
       fragment F50 on Query { viewer { id } }`,
    ],
    [
      'fragments that form a cycle',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A viewer { id } }',
    ],
    ['a megabyte of one field', `{ viewer { ${'id '.repeat(300_000)} } }`],
    ['ten thousand directives', `{ viewer { id ${'@include(if: true) '.repeat(10_000)} } }`],
    ['as many fields as tokens allow', `{ viewer { ${'id '.repeat(1_990)} } }`],
  ])('is validated within 50 ms: %s', (_name, document) => {
    expect(millisecondsOf(fully(document))).toBeLessThan(50);
  });

  test('is refused when its fragments expand to too many fields', () => {
    const bomb = `{ ...F0 } ${times(20, (number) => `fragment F${number} on Query { ...F${number + 1} ...F${number + 1} }`)}
      fragment F20 on Query { viewer { id } }`;
    expect(messagesOf(bomb)).toContain('The document has more than 2000 fields with its fragments expanded.');
  });
});
