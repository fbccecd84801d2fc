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
  test('that fit are read with defaults in place', () => {
    const { coerced } = readVariables(schema, operation, agent(['a']));

    expect(coerced).toMatchObject({ input: { tags: ['a'], maxConcurrent: 1 } });
  });

  test('that do not fit are BAD_USER_INPUT, and a few of them are explained', () => {
    const { errors } = readVariables(schema, operation, agent(Array.from({ length: 1_000 }, () => 1)));

    expect(errors?.length).toBeLessThanOrEqual(11);
    for (const { extensions } of errors ?? []) expect(extensions['code']).toBe('BAD_USER_INPUT');
  });

  test('that are half a million are refused without being read', () => {
    const variables = agent(Array.from({ length: 500_000 }, () => 1));
    const before = performance.now();

    const { errors } = readVariables(schema, operation, variables);

    expect(errors?.map(({ message }) => message)).toEqual([
      'The variables hold more than 2000 values, or nest more than 20 deep.',
    ]);
    expect(performance.now() - before).toBeLessThan(200);
  });

  test('that nest without end are refused', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 5_000; depth++) nested = [nested];

    expect(readVariables(schema, operation, agent(nested)).errors).toHaveLength(1);
  });

  test('that are long are not repeated whole', () => {
    const { errors } = readVariables(schema, operation, { input: 'x'.repeat(100_000) });

    expect(errors?.[0]?.message.length).toBeLessThanOrEqual(500);
  });
});
