import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql';
import { SUPERGRAPH_FILE } from '../../schema/compose.ts';
import { SUBGRAPHS, type SubgraphName, subgraphSdl } from '../../schema/sdl.ts';
import { readGraph } from '../graph.ts';
import type { Json } from './world.ts';

/** The real supergraph. */
export const graph = readGraph(readFileSync(SUPERGRAPH_FILE, 'utf8'));

/** The types whose objects several subgraphs know by `id`. */
const ENTITIES: ReadonlySet<string> = new Set(
  [...graph.supergraphSdl.matchAll(/^type (\w+)[^{]*?@join__type\([^)]*key: "id"/gm)].map(
    ([, name]) => name!,
  ),
);

/** A number that depends on a text only. */
const hash = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE();

/** Every value depends on the object, the field and its arguments only, so that all subgraphs and the whole agree. */
const mockField: GraphQLFieldResolver<Json, unknown> = (
  parent,
  args,
  _context,
  { fieldName, parentType, returnType, schema },
) => {
  if (parent && Object.hasOwn(parent, fieldName)) return parent[fieldName];
  const owner = parent?.mockKey ?? (parent ? `${parent.__typename} ${parent.id}` : parentType.name);
  return mockValue(returnType, `${owner} ${fieldName} ${JSON.stringify(args)}`, schema);
};

function mockValue(type: GraphQLOutputType, key: string, schema: GraphQLSchema, mayBeNull = true): Json {
  if (isNonNullType(type)) return mockValue(type.ofType, key, schema, false);
  const number = hash(key);
  if (mayBeNull && number % 6 === 0) return null;
  if (isListType(type))
    return Array.from({ length: number % 3 }, (_, index) =>
      mockValue(type.ofType, `${key} ${index}`, schema),
    );
  if (isEnumType(type)) return type.getValues()[number % type.getValues().length]!.value;
  if (isAbstractType(type)) {
    const names = schema
      .getPossibleTypes(type)
      .map(({ name }) => name)
      .sort();
    return mockObject(names[number % names.length]!, key);
  }
  if (isObjectType(type)) return mockObject(type.name, key);
  if (type.name === 'Int') return number % 100;
  if (type.name === 'Float') return (number % 100) / 2;
  if (type.name === 'Boolean') return number % 2 === 0;
  return `${type.name} ${number}`;
}

const mockObject = (typename: string, key: string): Json =>
  ENTITIES.has(typename)
    ? { __typename: typename, id: `${typename} ${hash(key)}` }
    : { __typename: typename, mockKey: key };

/** Executes an operation without any gateway: what every answer must be equal to. */
export const executeWhole = async (
  schema: GraphQLSchema,
  document: DocumentNode,
  variableValues: Record<string, unknown>,
): Promise<ExecutionResult> => execute({ schema, document, variableValues, fieldResolver: mockField });

const subgraphs = new Map<string, GraphQLSchema>(
  SUBGRAPHS.map((name: SubgraphName) => [name, buildSubgraphSchema([{ typeDefs: subgraphSdl(name) }])]),
);

/** Answers a query of the gateway to a subgraph. */
export const executeAt = (
  subgraph: string,
  query: string,
  variables: Record<string, unknown>,
): Promise<ExecutionResult> => executeWhole(subgraphs.get(subgraph)!, parse(query), variables);

/** All subgraphs, in the process of the test. */
export const mockSources: ReadonlyMap<string, GraphQLDataSource> = new Map(
  SUBGRAPHS.map((name): [string, GraphQLDataSource] => [
    name,
    {
      process: ({ request: { query = '', variables = {} } }) =>
        executeAt(name, query, variables) as Promise<Json>,
    },
  ]),
);
