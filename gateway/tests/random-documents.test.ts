import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type FormattedExecutionResult, type OperationTypeNode, parse } from 'graphql';
import { person } from '../../platform/identity/actor.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { createDocuments } from '../documents.ts';
import { createOperations, requireOperation } from '../operations.ts';
import { formatPublicError } from '../public-error.ts';
import { createQueries } from '../queries.ts';
import { RequestRefused } from '../request-refused.ts';
import { createHydrator } from '../subscriptions/hydration.ts';
import { createPlanner } from '../subscriptions/plan.ts';
import { executeAt, executeWhole, graph, mockSources } from './mock-graph.ts';
import { createRandom, damage, type Random, randomDocument } from './random-document.ts';
import type { Json } from './world.ts';

const DOCUMENTED = new Set(
  [...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/`([A-Z_]+)`/g)].map(
    ([, code]) => code,
  ),
);
const budget = { admit: () => null, charge: <Result>(_spender: unknown, work: () => Result) => work() };
const documents = createDocuments({ schema: graph.apiSchema, hideSchema: false, budget });
const operations = createOperations({ graph, budget });
const queries = createQueries({ graph, operations, dataSources: mockSources });
const plan = createPlanner(operations);
const hydrate = createHydrator({ graph, dataSources: mockSources, withinMs: 1_000, concurrencyMax: 8 });
const context = {
  actor: person({ id: 'ada', displayName: 'Ada', avatarUrl: null }),
  ...{ address: '::1', requestId: 'r', log: testLog },
};

/** Carries out an operation as a request would. Subscriptions give the result of one event. */
async function answer(
  source: string,
  variables: Record<string, unknown> = {},
): Promise<FormattedExecutionResult> {
  try {
    const document = documents.read(source, context);
    const operation = requireOperation(document, undefined);
    if (operation.operation === 'subscription') {
      const prepared = plan(document, operation, context);
      const { serviceName, operation: query } = prepared.primary;
      const event = (await executeAt(serviceName, query, variables)) as Json;
      return await hydrate({
        ...{ plan: prepared, variables, context, event },
        work: { fetches: new Map(), isLive: true },
      });
    }
    const { data, errors } = await queries.run(document, { variables }, context);
    return {
      data,
      ...(errors.length > 0 && { errors: errors.map((error) => formatPublicError(error, testLog)) }),
    };
  } catch (error) {
    const errors = error instanceof RequestRefused ? error.errors : [error];
    return { errors: errors.map((each) => formatPublicError(each, testLog)) };
  }
}

const codesOf = ({ errors = [] }: FormattedExecutionResult) =>
  errors.map(({ extensions }) => extensions?.['code']);

/** Fails with the document, so that the failure can be repeated. */
function expectKnownCodes(source: string, result: FormattedExecutionResult) {
  const unknown = codesOf(result).filter((code) => code === 'INTERNAL' || !DOCUMENTED.has(String(code)));
  expect({ source, unknown }).toEqual({ source, unknown: [] });
}

describe.each<[OperationTypeNode, number]>([
  ['query' as OperationTypeNode, 150],
  ['mutation' as OperationTypeNode, 60],
  ['subscription' as OperationTypeNode, 120],
])('random documents: %s', (kind, count) => {
  test('are answered by the gateway as by one server that has all data', async () => {
    let answered = 0;
    for (let seed = 1; seed <= count; seed++) {
      const source = randomDocument(graph.apiSchema, kind, createRandom(seed));
      const result = await answer(source);
      expectKnownCodes(source, result);
      if (result.data === undefined) continue;
      answered += 1;
      const whole = await executeWhole(graph.apiSchema, parse(source), {});
      expect({ source, data: result.data }).toEqual({ source, data: JSON.parse(JSON.stringify(whole.data)) });
      expect({ source, errors: result.errors }).toEqual({ source, errors: undefined });
    }
    expect(answered).toBeGreaterThan(count / 5);
  });

  test('give documented codes and short answers when they are damaged', async () => {
    const random = createRandom(7);
    for (let seed = 1; seed <= 3 * count; seed++) {
      const source = damage(randomDocument(graph.apiSchema, kind, createRandom(seed)), random);
      const result = await answer(source);
      expectKnownCodes(source, result);
      if (result.data === undefined) expect(JSON.stringify(result).length).toBeLessThan(8_000);
    }
  });
});

const VALUES: ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => '',
  () => 'x'.repeat(5_000),
  () => 1e300,
  () => -1,
  () => [],
  () => ({}),
  () => ({ __proto__: null, constructor: 1 }),
  () => [[[[null]]]],
  (random) => Array.from({ length: random(3_000) }, () => random(9)),
  (random) => `${random(1000)}`,
];

test('random variables give documented codes and short answers', async () => {
  const random = createRandom(11);
  const source =
    `mutation Q($a: ID = "a", $b: TaskCreateInput!, $c: [ID!], $d: Boolean = true, $e: AgentFilter, $f: Int) {
    taskCreate(input: $b) { task { id @include(if: $d) project { id channels(first: $f) { nodes { id } } } } userErrors { code } }
    taskArchive(input: { id: $a }) { userErrors { code field } }
    agentCreate(input: { name: "n", slug: "s", projectIds: $c }) { userErrors { code } }
    agentUpdate(input: { id: "x", tags: $c }) { agent { runs(first: $f) { nodes { id } } } } }`.replace(
      ', $e: AgentFilter',
      '',
    );
  for (let round = 0; round < 400; round++) {
    const variables = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'f', 'unknown']
        .filter(() => random(4) > 0)
        .map((name) => [name, VALUES[random(VALUES.length)]!(random)]),
    );
    const result = await answer(source, variables);
    expectKnownCodes(JSON.stringify(variables).slice(0, 500), result);
    if (result.data === undefined) expect(JSON.stringify(result).length).toBeLessThan(8_000);
  }
});
