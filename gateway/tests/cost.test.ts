import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import { refuseCost } from '../cost.ts';

const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
const refuse = (text: string, variables: Record<string, unknown> = {}) => {
  const document = parse(text);
  return refuseCost({
    schema,
    document,
    operation: document.definitions[0] as OperationDefinitionNode,
    variables,
  });
};

describe('the cost of a document', () => {
  test.each([
    [
      'a board',
      'query { project(id: "p") { columns { tasks(first: 100) { nodes { id assignee { displayName } subtaskProgress { done } } } } } }',
    ],
    [
      'a chat',
      'query { project(id: "p") { channels(first: 10) { nodes { messages(last: 100) { nodes { body author { displayName } } } } } } }',
    ],
    ['the whole schema', 'query { __schema { types { fields { type { name } } } } }'],
  ])('is accepted for %s', (_name, text) => {
    expect(refuse(text)).toBeNull();
  });

  test('is too high for deeply nested pages', () => {
    const text = `query { task(id: "t") { subtasks(first: 100) { nodes { parent { subtasks(first: 100) { nodes {
      parent { subtasks(first: 100) { nodes { id } } } } } } } } } }`;

    expect(refuse(text)?.extensions['code']).toBe('LIMIT_EXCEEDED');
  });

  test('counts the sizes of pages in variables, by default and in fragments', () => {
    const nested = (page: string) =>
      `query ($n: Int) { projects${page} { nodes { ...P } } } fragment P on Project { columns { tasks { nodes { comments { nodes { id } } } } } }`;

    expect(refuse(nested('(first: $n)'), { n: 1 })).toBeNull();
    expect(refuse(nested('(first: $n)'), { n: 100 })?.message).toContain('2551100 objects');
    expect(refuse(nested(''))).not.toBeNull();
  });

  test('is computed quickly for nested fragments', () => {
    const fragments = Array.from(
      { length: 40 },
      (_, n) => `fragment F${n} on Task { parent { ...F${n + 1} ...F${n + 1} } }`,
    );
    const before = performance.now();

    refuse(`query { task(id: "t") { ...F0 } } ${fragments.join(' ')} fragment F40 on Task { id }`);

    expect(performance.now() - before).toBeLessThan(200);
  });
});
