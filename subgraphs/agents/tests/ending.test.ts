import { describe, expect, test } from '@jest/globals';
import { readAnswer, readFailure, readUsage } from '../openclaw/ending.ts';

/** Errors as OpenClaw 2026.9.6 reported them, and what they mean. */
const FAILURES: [error: string, expected: object][] = [
  [
    '⚠️ stub/stub request failed (authentication failed, HTTP 401). Re-authenticate the provider and try again.',
    { code: 'AGENT_ERROR', isTransient: false },
  ],
  [
    'Inline API key for provider "stub" is temporarily disabled after a provider auth/billing failure.',
    { code: 'AGENT_ERROR', isTransient: false },
  ],
  [
    'LLM request failed: provider rejected the request schema or tool payload.',
    { code: 'AGENT_ERROR', isTransient: false },
  ],
  ['⚠️ LLM request failed (request format rejected, HTTP 400).', { code: 'AGENT_ERROR', isTransient: false }],
  [
    '⚠️ API rate limit reached. Please try again later.',
    { code: 'MODEL_UNAVAILABLE', isTransient: true, isDoubtful: false },
  ],
  [
    '⚠️ stub/stub request failed (provider internal error, HTTP 500). This is usually temporary — try again shortly.',
    { code: 'MODEL_UNAVAILABLE', isTransient: true, isDoubtful: false },
  ],
  [
    'Failed to persist terminal assistant error: session rebound',
    { code: 'OPENCLAW_LOST', isTransient: true, isDoubtful: true },
  ],
  ['Agent run failed: timed out in phase provider', { kind: 'timed-out' }],
  ['request timed out', { kind: 'timed-out' }],
  ['', { code: 'AGENT_ERROR', message: 'The agent failed without a reason' }],
];

describe('an error that OpenClaw reports', () => {
  test.each(FAILURES)('%s', (error, expected) => {
    expect(readFailure(error, null)).toMatchObject({ kind: 'failed', ...expected });
  });
});

describe('an answer', () => {
  test('is empty when the agent says NO_REPLY', () => {
    expect(readAnswer(' NO_REPLY\n', null)).toMatchObject({ kind: 'answered', answer: '' });
  });

  test('is kept whole, with the part of it that may be a question', () => {
    const text = 'Fixed:\n- QUESTION: why was it red?\n- the tests';
    expect(readAnswer(text, null)).toMatchObject({
      ...{ kind: 'answered', answer: text, possibleQuestion: 'why was it red?' },
      said: { text, isTruncated: false },
    });
  });

  test('that was cut is no question: the end of it is missing', () => {
    expect(readAnswer('QUESTION: Which\n...(truncated)...', null)).toMatchObject({ kind: 'answered' });
  });

  test('loses the half of an emoji at which OpenClaw cut it', () => {
    expect(readAnswer('ok \ud83d\n...(truncated)...', null)).toMatchObject({ answer: 'ok ' });
  });

  test('is marked when it was cut', () => {
    expect(readAnswer('half\n...(truncated)...', null)).toMatchObject({ answer: 'half', isTruncated: true });
  });
});

describe('a cost', () => {
  test('is unknown when OpenClaw reports zeros, as for models that it did not reach', () => {
    expect(readUsage({ input: 0, output: 0, cost: { total: 0 } }, 'a', 'b')).toBeNull();
  });

  test('is unknown when it is negative or too large to be exact', () => {
    expect(readUsage({ input: -5, output: 2 ** 60, cost: { total: -1 } }, 'a', 'b')).toMatchObject({
      inputTokens: null,
      outputTokens: null,
      costMicros: null,
    });
  });

  test('is converted from dollars to millionths', () => {
    expect(readUsage({ input: 1, output: 2, cost: { total: 0.0123 } }, 'a', 'b')).toEqual({
      model: 'a/b',
      inputTokens: 1,
      outputTokens: 2,
      costMicros: 12_300,
    });
  });
});
