import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import { readVariables } from '../variables.ts';

const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
const operation = parse(
  'mutation ($input: AgentCreateInput!) { agentCreate(input: $input) { agent { id } } }',
).definitions[0] as OperationDefinitionNode;
const agent = (tags: unknown) => ({ input: { name: 'Writer', slug: 'main', tags } });

describe('the variables of a request', () => {
  test('are coerced with default values', () => {
    const { coerced } = readVariables(schema, operation, agent(['a']));

    expect(coerced).toMatchObject({ input: { tags: ['a'], maxConcurrent: 1 } });
  });

  test('are BAD_USER_INPUT when invalid, with a bounded number of errors', () => {
    const { errors } = readVariables(schema, operation, agent(Array.from({ length: 1_000 }, () => 1)));

    expect(errors?.length).toBeLessThanOrEqual(11);
    for (const { extensions } of errors ?? []) expect(extensions['code']).toBe('BAD_USER_INPUT');
  });

  test('are refused quickly when there are half a million of them', () => {
    const variables = agent(Array.from({ length: 500_000 }, () => 1));
    const before = performance.now();

    const { errors } = readVariables(schema, operation, variables);

    expect(errors?.map(({ message }) => message)).toEqual([
      'The variables hold more than 2000 values, or nest more than 20 deep.',
    ]);
    expect(performance.now() - before).toBeLessThan(200);
  });

  test('are refused when they nest too deeply', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 5_000; depth++) nested = [nested];

    expect(readVariables(schema, operation, agent(nested)).errors).toHaveLength(1);
  });

  test('are cut in messages when they are long', () => {
    const { errors } = readVariables(schema, operation, { input: 'x'.repeat(100_000) });

    expect(errors?.[0]?.message.length).toBeLessThanOrEqual(500);
  });
});
