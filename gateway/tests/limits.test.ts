import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLError, getIntrospectionQuery, parse } from 'graphql';
import { API_FILE } from '../../schema/compose.ts';
import type { GatewayContext } from '../context.ts';
import { createDocuments } from '../documents.ts';
import { DOCUMENT_LIMITS, exceededLimits, PARSE_OPTIONS } from '../limits.ts';
import { RequestRefused } from '../request-refused.ts';

const schema = buildSchema(readFileSync(API_FILE, 'utf8'));
const messageOf = (document: string) => exceededLimits(parse(document), schema);

/** Reads a document as a request would, and returns why it is refused. */
function read(document: string): readonly GraphQLError[] {
  const budget = { admit: () => null, charge: <Result>(_spender: unknown, work: () => Result) => work() };
  const documents = createDocuments({ schema, hideSchema: false, budget });
  try {
    documents.read(document, {} as GatewayContext);
    return [];
  } catch (error) {
    if (error instanceof RequestRefused) return error.errors;
    throw error;
  }
}

/** Nests a field to this number of levels. */
const nested = (levels: number): string => (levels === 0 ? '' : `{ parent ${nested(levels - 1)} }`);
const times = (count: number, text: (number: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
/** Fragments of which each contains the next one so many times. */
const chain = (length: number, uses: number) =>
  `{ ...F0 } ${times(length, (n) => `fragment F${n} on Query { viewer { id } ${times(uses, () => `...F${n + 1}`)} }`)}
   fragment F${length} on Query { viewer { id } }`;

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
    ['operations', (count) => times(count, (n) => `query Q${n} { viewer { id } }`), 'operations'],
    [
      'fragments',
      (count) => `{ viewer { id } } ${times(count, (n) => `fragment F${n} on User { id }`)}`,
      'fragments',
    ],
    [
      'fields',
      (count) => `{ viewer { ${times(4, () => '...F')} } ...G }
         fragment F on User { ${times(count / 4 - 10, (n) => `f${n}`)} } fragment G on Query { viewer { ${times(38, (n) => `g${n}`)} } }`,
      'fields with its fragments expanded',
    ],
  ])('%s', (limit, document, words) => {
    const most = DOCUMENT_LIMITS[limit];
    expect(messageOf(document(most))).toBeNull();
    expect(messageOf(document(most + 4))).toContain(`The document has more than ${most} ${words}.`);
  });

  test('pairs of the same field, also when fragments bring them together', () => {
    const words = 'The document has more than 2000 pairs of the same field in the same place.';
    expect(messageOf(`{ viewer { ${times(63, () => 'id')} } }`)).toBeNull();
    expect(messageOf(`{ viewer { ${times(65, () => 'id')} } }`)).toBe(words);
    const brought = `{ viewer { ${times(65, (n) => `...F${n}`)} } } ${times(65, (n) => `fragment F${n} on User { id }`)}`;
    expect(messageOf(brought)).toBe(words);
    expect(messageOf(`{ ${times(9, () => `viewer { ${times(8, () => 'id')} }`)} }`)).toBe(words);
    expect(messageOf(`{ viewer { id } } fragment Unused on User { ${times(65, () => 'id')} }`)).toBe(words);
  });

  test('tokens', () => {
    const { maxTokens } = PARSE_OPTIONS;
    expect(() => parse(`{ ${'id '.repeat(maxTokens - 2)} }`, PARSE_OPTIONS)).not.toThrow();
    expect(() => parse(`{ ${'id '.repeat(maxTokens)} }`, PARSE_OPTIONS)).toThrow('2000 tokens');
  });

  test('the length of a name, so that no error repeats a megabyte', () => {
    const [error] = read(`{ ${'x'.repeat(1_000_000)} }`);
    expect(error?.message).toBe('The document has a name of more than 200 characters.');
  });

  test.each(['1e999', '9'.repeat(400)])('the size of a number: %s', (number) => {
    const [error] = read(`subscription { boardEvents(projectId: "p", after: ${number}) { cursor } }`);
    expect(error?.message).toBe('The document has a number that is too large.');
  });

  test('objects of the schema: the query of explorers is far within, aliases of it are not', () => {
    expect(messageOf(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))).toBeNull();
    expect(
      messageOf(`{ ${times(7, (n) => `s${n}: __schema { types { fields { args { name } } } }`)} }`),
    ).toBe('The document has more than 30000 objects of the schema to return.');
    expect(
      messageOf(
        '{ __schema { types { fields { type { fields { type { interfaces { possibleTypes { name } } } } } } } } }',
      ),
    ).toContain('objects of the schema');
  });

  test('the levels of introspection are not counted, because the explorer’s own query is deeper', () => {
    expect(
      messageOf(`{ __schema { types { fields { type ${nested(20).replaceAll('parent', 'ofType')} } } } }`),
    ).toBeNull();
  });
});

describe('a document that is meant to be costly', () => {
  /** The CPU time of this thread, which other processes do not change; the best of several runs, as the first compiles. */
  const millisecondsOf = (work: () => unknown) => {
    const runs: number[] = [];
    for (let run = 0; run < 5; run++) {
      const start = process.threadCpuUsage();
      work();
      const { user, system } = process.threadCpuUsage(start);
      runs.push((user + system) / 1000);
    }
    return Math.min(...runs);
  };

  test.each([
    ['fragments that expand to 10^15 fields', chain(50, 2)],
    ['a chain of as many fragments as are allowed', chain(61, 1)],
    ['a chain of too many fragments', chain(140, 1)],
    [
      'fragments that form a cycle',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A viewer { id } }',
    ],
    [
      'fragments that form many cycles',
      `{ task(id: "t") { ...A } } fragment A on Task { ${times(60, () => 'parent { ...A ...B }')} } fragment B on Task { ${times(60, () => 'parent { ...A ...B }')} }`,
    ],
    ['a megabyte of one field', `{ viewer { ${'id '.repeat(300_000)} } }`],
    ['ten thousand directives', `{ viewer { id ${'@include(if: true) '.repeat(10_000)} } }`],
    ['as many fields as tokens allow', `{ viewer { ${'id '.repeat(1_990)} } }`],
    [
      '330 times the same fields',
      `{ project(id: "p") { ${times(330, () => 'name key columns { name }')} } }`,
    ],
    [
      'as many pairs as are allowed',
      `{ project(id: "p") { ${times(44, () => 'name key columns { name }')} } }`,
    ],
    ['a megabyte in a name', `{ viewer { ${'i'.repeat(1_000_000)} } }`],
    ['a megabyte in a text', `{ project(id: "${'i'.repeat(1_000_000)}") { nothing } }`],
    ['2,000 unknown fields', `{ viewer { ${times(480, (n) => `displayNam${n}`)} } }`],
    [
      '15 times the schema',
      `{ ${times(15, (n) => `s${n}: __schema { types { name fields { name type { name } } } }`)} }`,
    ],
  ])('is read or refused within 50 ms: %s', (_name, document) => {
    expect(millisecondsOf(() => read(document))).toBeLessThan(50);
  });

  test('is refused with few and short errors', () => {
    expect(read(`{ viewer { ${times(480, (n) => `x${n}`)} } }`).length).toBe(10);
  });

  test('is refused when its fragments expand to too many fields', () => {
    expect(messageOf(chain(20, 2))).toContain(
      'The document has more than 500 fields with its fragments expanded.',
    );
  });

  test('is refused for a cycle in our own words, before anything is expanded', () => {
    const [error] = read('{ viewer { ...A } } fragment A on User { ...B } fragment B on User { id ...A }');
    expect(error?.message).toBe('The fragment A contains itself.');
  });
});
