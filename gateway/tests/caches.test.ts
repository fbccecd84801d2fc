import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { person } from '../../platform/identity/actor.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { createByteCache } from '../byte-cache.ts';
import { createDocuments } from '../documents.ts';
import { createOperations, requireOperation } from '../operations.ts';
import { createPlanner } from '../subscriptions/plan.ts';
import { graph } from './mock-graph.ts';

describe('a cache bounded in bytes', () => {
  test('drops what was used least recently', () => {
    const cache = createByteCache<string>(100);
    for (const name of ['a', 'b', 'c']) cache.set(name, name, 30);
    expect(cache.get('a')).toBe('a');
    cache.set('d', 'd', 30);
    expect(['a', 'b', 'c', 'd'].map((name) => cache.get(name))).toEqual(['a', undefined, 'c', 'd']);
    expect(cache.bytes).toBe(90);
  });

  test('keeps nothing larger than itself, and counts a value once however often it is set', () => {
    const cache = createByteCache<number>(100);
    cache.set('large', 1, 101);
    expect(cache.get('large')).toBeUndefined();
    for (let round = 0; round < 5; round++) cache.set('a', round, 40);
    expect([cache.get('a'), cache.bytes]).toEqual([4, 40]);
    cache.set('a', 5, 101);
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0]);
  });
});

describe('the plans of hostile documents', () => {
  /** A short subscription with a large plan: fragments stand for many fields of other subgraphs. */
  const hostile = (
    n: number,
  ) => `subscription Q${n} { boardEvents(projectId: "x") { ... on TaskChanged { task { ...A } } } }
    fragment A on Task { title ${[0, 1, 2, 3, 4].map((i) => `b${i}: project { channels { nodes { ...B } } }`).join(' ')} }
    fragment B on Channel { ${[0, 1, 2, 3, 4].map((i) => `c${i}: project { name columns { name } }`).join(' ')} }`;

  test('take no more of the memory than their estimate says', () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const budget = { admit: () => null, charge: <Result>(_spender: unknown, work: () => Result) => work() };
    const context = {
      actor: person({ id: 'ada', displayName: 'Ada', avatarUrl: null }),
      ...{ address: '::1', requestId: 'r', log: testLog },
    };
    const ask = (many: number, from: number) => {
      const documents = createDocuments({ schema: graph.apiSchema, hideSchema: false, budget });
      const operations = createOperations({ graph, budget });
      const plan = createPlanner(operations);
      for (let n = 0; n < many; n++) {
        const document = documents.read(hostile(from + n), context);
        plan(document, requireOperation(document, undefined), context);
      }
      return { documents, operations, plan };
    };
    ask(3, 0); // compiles the planner
    const before = used();
    const kept = ask(40, 10);
    const taken = used() - before;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(kept.documents.bytes + kept.operations.bytes);
  });
});
