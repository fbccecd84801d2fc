import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROMPT_BYTES_MAX, type PromptParts, renderPrompt } from '../openclaw/prompt.ts';

const parts = (overrides: Partial<PromptParts> = {}): PromptParts => ({
  agent: { systemPrompt: 'You write plainly.' },
  project: { name: 'Team Board', description: 'An open backend' },
  task: {
    ref: 'TB-12',
    title: 'Explain rollback',
    description: 'In one page',
    checklist: [
      { text: 'Say why', isDone: true },
      { text: 'Say how', isDone: false },
    ],
  },
  comments: [{ authorName: 'Ada', body: 'Mention migrations' }],
  instruction: 'Be short',
  ...overrides,
});

describe('a prompt', () => {
  test('has the agent, the project, the task with checklist and comments, and the instruction, in this order', () => {
    const { text, isCut } = renderPrompt(parts());

    const found = [
      'You write plainly.',
      'Team Board',
      'An open backend',
      'TB-12: Explain rollback',
      'In one page',
      '- [x] Say why',
      '- [ ] Say how',
      'Ada: Mention migrations',
      'Be short',
      'QUESTION:',
    ].map((part) => text.indexOf(part));
    expect(found).toEqual([...found].sort((one, other) => one - other));
    expect(found).not.toContain(-1);
    expect(isCut).toBe(false);
  });

  test('has no section for what is missing', () => {
    const { text } = renderPrompt(parts({ project: null, comments: [], agent: {} }));

    expect(text.startsWith('# Task: TB-12')).toBe(true);
    expect(text).not.toContain('# Recent comments');
  });

  test('that is too long loses its comments first and keeps the instruction, with a mark that names the task', () => {
    const { text, isCut } = renderPrompt(
      parts({ comments: [{ authorName: 'Ada', body: 'x'.repeat(300_000) }] }),
    );

    expect(isCut).toBe(true);
    expect(text).toContain('All of it is at the task TB-12');
    expect(text).toContain('In one page');
    expect(text).toContain('Be short');
  });

  test('never has more bytes than OpenClaw takes, whatever its parts are', () => {
    const long = fc.oneof(
      fc.constant('\u0001'.repeat(20_000)),
      fc.constant('\uD83D\uDE80'.repeat(10_000)),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    fc.assert(
      fc.property(long, long, long, long, (systemPrompt, description, body, instruction) => {
        const { text } = renderPrompt(
          parts({
            agent: { systemPrompt },
            task: {
              ref: 'TB-1',
              title: description.slice(0, 200),
              description: description.repeat(3),
              checklist: [],
            },
            comments: Array.from({ length: 10 }, () => ({ authorName: 'Ada', body: body.slice(0, 5_000) })),
            instruction,
          }),
        );
        expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThanOrEqual(PROMPT_BYTES_MAX);
      }),
      { numRuns: 50 },
    );
  });
});
