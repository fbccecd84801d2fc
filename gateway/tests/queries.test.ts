import { readFileSync } from 'node:fs';
import type { GraphQLDataSource } from '@apollo/gateway';
import { describe, expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { person } from '../../platform/identity/actor.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { SUPERGRAPH_FILE } from '../../schema/compose.ts';
import { createDocuments } from '../documents.ts';
import { readGraph } from '../graph.ts';
import { createOperations } from '../operations.ts';
import { formatPublicError, unavailable } from '../public-error.ts';
import { createQueries } from '../queries.ts';
import { RequestRefused } from '../request-refused.ts';
import { createWorkBudget, WORK_BUDGET } from '../work-budget.ts';
import type { Json } from './world.ts';

const graph = readGraph(readFileSync(SUPERGRAPH_FILE, 'utf8'));
const budget = createWorkBudget({ ...WORK_BUDGET, person: { burstMs: 1e9, perSecondMs: 1e9 } });
const documents = createDocuments({ schema: graph.apiSchema, hideSchema: false, budget });
const operations = createOperations({ graph, budget });
const ADA = person({ id: 'ada', displayName: 'Ada', avatarUrl: null });

type Answers = Record<string, (question: { query: string; variables: Json }) => Json>;

/** Asks a gateway whose subgraphs answer by these functions. */
async function ask(query: string, answers: Answers, variables: Record<string, unknown> = {}) {
  const asked: string[] = [];
  const dataSources = new Map<string, GraphQLDataSource>(
    ['projects', 'tasks', 'agents', 'chat'].map((name) => [
      name,
      {
        async process({ request }: Json) {
          asked.push(name);
          const answer = answers[name]?.({ query: request.query, variables: request.variables });
          return answer ?? { errors: [unavailable(name, 'cannot be reached')] };
        },
      },
    ]),
  );
  const context = { actor: ADA, address: '::1', requestId: 'r', log: testLog };
  try {
    const document = documents.read(query, context);
    const { data, errors } = await createQueries({ graph, operations, dataSources }).run(
      document,
      { variables },
      context,
    );
    return { data, errors: errors.map((error) => formatPublicError(error, testLog)) as Json[], asked };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const errors = error.errors.map((each) => formatPublicError(each, testLog)) as Json[];
    return { data: undefined, errors, asked };
  }
}

const found = (errors: Json[]) => errors.map(({ path, extensions }) => [extensions.code, path?.join('.')]);
const failure = (message: string, path: (string | number)[], code = 'FORBIDDEN') =>
  new GraphQLError(message, { path, extensions: { code } });
/** Answers a fetch for more fields of objects by their keys. */
const entities =
  (objects: Record<string, Json>): Answers[string] =>
  ({ variables }) => ({
    data: { _entities: variables.representations.map(({ id }: Json) => objects[id] ?? null) },
  });

const MESSAGES = '{ channel(id: "c") { messages { nodes { id author { displayName } } } } }';
const messagesBy =
  (...authors: [string, string][]): Answers[string] =>
  () => ({
    data: {
      channel: {
        messages: {
          nodes: authors.map(([__typename, id], n) => ({ id: `m${n}`, author: { __typename, id } })),
        },
      },
    },
  });

describe('every null that was not chosen has an error with its path', () => {
  test('also when something else has failed', async () => {
    const { data, errors } = await ask(
      '{ a: channel(id: "x") { id } b: channel(id: "y") { project { name } } }',
      {
        chat: () => ({
          data: { a: null, b: { project: { __typename: 'Project', id: 'gone' } } },
          errors: [failure('Not for you', ['a'])],
        }),
        projects: entities({}),
      },
    );
    expect(data).toEqual({ a: null, b: { project: null } });
    expect(found(errors)).toEqual([
      ['FORBIDDEN', 'a'],
      ['NOT_FOUND', 'b.project.name'],
    ]);
  });

  test('when a whole subgraph is away: one error for each null, at the field that is missing', async () => {
    const { data, errors } = await ask(MESSAGES.replace('displayName', 'displayName avatarUrl'), {
      chat: messagesBy(['User', 'u1'], ['Agent', 'a1'], ['User', 'u2']),
      agents: entities({ a1: { displayName: 'Bot', avatarUrl: null } }),
    });
    const nodes = (data as Json).channel.messages.nodes;
    expect(nodes.map(({ author }: Json) => author?.displayName ?? null)).toEqual([null, 'Bot', null]);
    expect(found(errors)).toEqual([
      ['UNAVAILABLE', 'channel.messages.nodes.0.author.displayName'],
      ['UNAVAILABLE', 'channel.messages.nodes.2.author.displayName'],
    ]);
  });

  test('at the root too, so that nobody and unknown can be told apart', async () => {
    const { data, errors } = await ask('{ task(id: "t") { id } project(id: "p") { id } }', {
      tasks: () => ({ data: { task: null } }),
    });
    expect(data).toEqual({ task: null, project: null });
    expect(found(errors)).toEqual([['UNAVAILABLE', 'project']]);
  });

  test('at the right item of a list in which objects of other types stand', async () => {
    const { errors } = await ask(MESSAGES, {
      chat: messagesBy(['User', 'u1'], ['Agent', 'a1'], ['User', 'u2'], ['Agent', 'a2']),
      projects: entities({ u1: { displayName: 'U1' }, u2: { displayName: 'U2' } }),
      agents: () => ({
        data: { _entities: [{ displayName: 'A1' }, null] },
        errors: [failure('Not for you', ['_entities', 1, 'displayName'])],
      }),
    });
    expect(found(errors)).toEqual([['FORBIDDEN', 'channel.messages.nodes.3.author.displayName']]);
  });

  test('an answer for other objects than were asked for counts as none', async () => {
    const { errors } = await ask(MESSAGES, {
      chat: messagesBy(['User', 'u1']),
      projects: () => ({ data: { _entities: [] } }),
    });
    expect(found(errors)).toEqual([['UNAVAILABLE', 'channel.messages.nodes.0.author.displayName']]);
  });
});

describe('a value that the gateway does not know', () => {
  test('is a fault, and not something that does not exist', async () => {
    const { data, errors } = await ask('{ task(id: "t") { id priority parent { id } } }', {
      tasks: () => ({ data: { task: { id: 't', priority: 'SOON', parent: null } } }),
    });
    expect(data).toEqual({ task: null });
    expect(errors).toEqual([
      {
        message: 'Internal error',
        path: ['task', 'priority'],
        extensions: { code: 'INTERNAL', errorId: expect.any(String) },
      },
    ]);
  });
});

describe('every alias is allowed', () => {
  const KEYS = [{ __typename: 'Project', id: 'p' }];
  /** The name under which a fetch asks for a field. */
  const nameOf = (field: string, query: string) =>
    new RegExp(`(\\w+)\\s*:\\s*${field}\\b`).exec(query)?.[1] ?? field;
  const adds =
    (field: string, value: Json): Answers[string] =>
    ({ query, variables }) => {
      expect(variables.representations).toEqual(KEYS);
      return { data: { _entities: [{ [nameOf(field, query)]: value }] } };
    };
  const PROJECT: Answers = {
    projects: ({ query }) => ({
      data: { project: { __typename: 'Project', id: 'p', [nameOf('name', query)]: 'Apollo' } },
    }),
    tasks: adds('columns', [{ name: 'To do' }]),
    chat: adds('channels', { nodes: [{ name: 'general' }] }),
  };

  test.each<[string, string, object]>([
    [
      '`id` for another field',
      '{ project(id: "p") { id: name columns { name } } }',
      { project: { id: 'Apollo', columns: [{ name: 'To do' }] } },
    ],
    [
      '`id` for a field of another subgraph',
      '{ project(id: "p") { id: channels { nodes { name } } } }',
      { project: { id: { nodes: [{ name: 'general' }] } } },
    ],
    [
      '`id` in a fragment',
      '{ project(id: "p") { ...P } } fragment P on Project { id: name ... on Project { columns { name } } }',
      { project: { id: 'Apollo', columns: [{ name: 'To do' }] } },
    ],
    [
      '`__typename` for another field',
      '{ project(id: "p") { __typename: name columns { name } } }',
      { project: { __typename: 'Apollo', columns: [{ name: 'To do' }] } },
    ],
    [
      'the names that the gateway would take instead',
      '{ project(id: "p") { id: name client_id: columns { name } } }',
      { project: { id: 'Apollo', client_id: [{ name: 'To do' }] } },
    ],
  ])('%s', async (_name, query, expected) => {
    const { data, errors } = await ask(query, PROJECT);
    expect(errors).toEqual([]);
    expect(data).toEqual(expected);
    expect(JSON.stringify(data)).toBe(JSON.stringify(expected)); // in the order of the document
  });

  test('and errors have the client’s names', async () => {
    const { errors } = await ask('{ project(id: "p") { id: channels { nodes { name } } } }', {
      projects: PROJECT['projects']!,
    });
    expect(found(errors)).toEqual([['UNAVAILABLE', 'project.id']]);
  });

  test('and the variable by which the gateway sends keys to a subgraph', async () => {
    const { data, errors } = await ask(
      'query ($representations: Int) { project(id: "p") { channels(first: $representations) { nodes { name } } } }',
      {
        ...PROJECT,
        chat: ({ variables }) => {
          expect(Object.values(variables)).toEqual([7, [{ __typename: 'Project', id: 'p' }]]);
          return { data: { _entities: [{ channels: { nodes: [] } }] } };
        },
      },
      { representations: 7 },
    );
    expect({ data, errors }).toEqual({ data: { project: { channels: { nodes: [] } } }, errors: [] });
  });
});

describe('a fragment on an interface', () => {
  test.each([
    ['inside it one on the type of the object', '... on Actor { displayName ... on User { id avatarUrl } }'],
    [
      'by name',
      '...A } } fragment A on Actor { displayName ...U } fragment U on User { id avatarUrl ... on Actor { id',
    ],
    [
      'with a condition',
      '... on Actor @include(if: true) { displayName ... on User @skip(if: false) { id avatarUrl } }',
    ],
  ])('loses no field: %s', async (_name, selection) => {
    const viewer = { displayName: 'Ada', id: 'ada', avatarUrl: null };
    const { data, errors } = await ask(`{ viewer { ${selection} } }`, {
      projects: () => ({ data: { viewer } }),
    });
    expect({ data, errors }).toEqual({ data: { viewer }, errors: [] });
  });
});

describe('the schema', () => {
  test('answers every field that GraphQL has for it, beside the data, in the order of the document', async () => {
    const { data, errors } = await ask(
      `query ($name: String!, $no: Boolean = false) { kind: __typename task: __type(name: $name) { name isOneOf }
         viewer { id } ...Schema left: __schema @include(if: $no) { description } }
       fragment Schema on Query { __schema { queryType { name } directives { name isRepeatable } } }`,
      { projects: () => ({ data: { viewer: { id: 'ada' } } }) },
      { name: 'Task' },
    );
    expect(errors).toEqual([]);
    expect(Object.keys(data ?? {})).toEqual(['kind', 'task', 'viewer', '__schema']);
    expect(data).toMatchObject({
      kind: 'Query',
      task: { name: 'Task', isOneOf: null },
      __schema: { queryType: { name: 'Query' } },
    });
  });

  test('has no answer for an unknown type, without an error', async () => {
    const { data, errors } = await ask('{ __type(name: "Nothing") { name } }', {});
    expect({ data, errors }).toEqual({ data: { __type: null }, errors: [] });
  });
});

describe('null in a variable', () => {
  const VIEWER: Answers = { projects: () => ({ data: { viewer: { id: 'ada' } } }) };
  test.each([
    ['a condition', 'query ($v: Boolean = true) { viewer { id @include(if: $v) displayName } }'],
    [
      'a condition of a fragment',
      'query ($v: Boolean = true) { viewer { ... @skip(if: $v) { id } displayName } }',
    ],
    ['a condition at the root', 'query ($v: Boolean = true) { viewer @include(if: $v) { id } }'],
    [
      'a condition in a fragment',
      'query ($v: Boolean = true) { viewer { ...F } } fragment F on User { id @skip(if: $v) }',
    ],
    ['an argument', 'query ($v: ID = "p") { project(id: $v) { id } }'],
    ['an argument of the schema', 'query ($v: String = "Task") { __type(name: $v) { name } }'],
    [
      'a field of an input',
      'mutation ($v: ID = "t") { taskArchive(input: { id: $v }) { task { id } userErrors { code } } }',
    ],
  ])('is refused where it may not be, before a subgraph is asked: %s', async (_name, query) => {
    const { errors, asked } = await ask(query, VIEWER, { v: null });
    expect(errors).toEqual([
      { message: expect.stringContaining('"$v" must not be null'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(asked).toEqual([]);
  });

  test('is the default value when the variable is absent, and allowed where null may be', async () => {
    const absent = await ask('query ($v: Boolean = true) { viewer { id @include(if: $v) } }', VIEWER);
    expect(absent).toMatchObject({ data: { viewer: { id: 'ada' } }, errors: [] });
    const nullable = await ask(
      'query ($v: Int = 5) { project(id: "p") { channels(first: $v) { nodes { id } } } }',
      { projects: () => ({ data: { project: null } }) },
      { v: null },
    );
    expect(nullable).toMatchObject({ data: { project: null }, errors: [] });
  });
});
