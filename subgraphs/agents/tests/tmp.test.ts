import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { buildASTSchema, type GraphQLInputObjectType, type GraphQLObjectType, getNamedType } from 'graphql';
import { compareCatalogue } from '../../../tests/completeness/compare-catalogue.ts';
import { compareInput } from '../../../tests/completeness/compare-input.ts';
import { AGENTS_SUBGRAPH } from '../subgraph.ts';
import { openWorld } from './world.ts';

test('catalogue', async () => {
  const world = await openWorld({}, { isRunning: false });
  try {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(await compareCatalogue(world.subgraph.orm, 'agents', readme)).toEqual([]);
  } finally {
    await world.close();
  }
});
test('inputs', () => {
  const schema = buildASTSchema(AGENTS_SUBGRAPH.typeDefs, { assumeValidSDL: true });
  const mutation = schema.getType('Mutation') as GraphQLObjectType;
  const differences = Object.values(mutation.getFields()).flatMap((field) => {
    const operation = (AGENTS_SUBGRAPH.resolvers.Mutation as any)[field.name].operation;
    expect(operation.verb).toBe(field.name);
    return compareInput(getNamedType(field.args[0]!.type) as GraphQLInputObjectType, operation.input);
  });
  expect(differences).toEqual([]);
});
