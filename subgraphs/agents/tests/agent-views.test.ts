import { describe, expect, test } from '@jest/globals';
import { agentStatus } from '../queries/agent-status.ts';
import { sumUsage } from '../queries/run-usage.ts';

describe('the status of an agent', () => {
  const agent = { isEnabled: true, maxConcurrent: 2 };
  const target = { isReachable: true };

  test.each([
    ['IDLE', { held: 0, queued: 0 }],
    ['WORKING', { held: 1, queued: 0 }],
    ['BUSY', { held: 1, queued: 1 }],
  ])('is %s with %j of two slots', (status, workload) => {
    expect(agentStatus(agent, workload, target)).toBe(status);
  });

  test('is DISABLED while the agent is switched off, UNREACHABLE while its target is unreachable', () => {
    const idle = { held: 0, queued: 0 };
    expect(agentStatus({ ...agent, isEnabled: false }, idle, target)).toBe('DISABLED');
    expect(agentStatus(agent, idle, { isReachable: false })).toBe('UNREACHABLE');
  });
});

describe('the cost of a run', () => {
  const usage = (values: object) => ({
    usage: { model: 'a/b', inputTokens: null, outputTokens: null, costMicros: null, ...values },
  });

  test('is unknown when nothing was reported, never 0', () => {
    expect(sumUsage([{ usage: null }])).toEqual({
      inputTokens: null,
      outputTokens: null,
      costMicros: null,
      costStatus: 'NOT_REPORTED',
      byModel: [],
    });
  });

  test('is the sum over attempts and models', () => {
    const attempts = [
      usage({ inputTokens: 10, costMicros: 5 }),
      usage({ inputTokens: 1, outputTokens: 2 }),
      usage({ model: 'c/d', outputTokens: 3 }),
    ];
    expect(sumUsage(attempts)).toMatchObject({
      inputTokens: 11,
      outputTokens: 5,
      costMicros: 5,
      costStatus: 'REPORTED',
      byModel: [
        { model: 'a/b', inputTokens: 11, outputTokens: 2 },
        { model: 'c/d', inputTokens: null, outputTokens: 3 },
      ],
    });
  });

  test('is exact beyond the largest Int of GraphQL', () => {
    const attempts = [usage({ inputTokens: 2_000_000_000 }), usage({ inputTokens: 2_000_000_000 })];
    expect(sumUsage(attempts)).toMatchObject({ inputTokens: 4_000_000_000, costStatus: 'UNPRICED' });
  });

  test('is UNPRICED without a price', () => {
    expect(sumUsage([usage({ inputTokens: 1 })])).toMatchObject({ costMicros: null, costStatus: 'UNPRICED' });
  });
});
