import { z } from 'zod';
import type { Verdict } from '../operations/settle-run.ts';

/** OpenClaw shows at most 8,000 characters of each text, and says so by this end. */
const CUT_MARK = '\n...(truncated)...';

const Text = z.object({ type: z.literal('text'), text: z.string() });
const Row = z.object({
  role: z.string(),
  content: z.union([z.string(), z.array(z.union([Text, z.looseObject({ type: z.string() })]))]).optional(),
  stopReason: z.string().nullish(),
  errorMessage: z.string().nullish(),
  customType: z.string().nullish(),
  provider: z.string().nullish(),
  model: z.string().nullish(),
  usage: z.object({ input: z.number(), output: z.number() }).nullish(),
});
type Row = z.infer<typeof Row>;

/** The newest rows of a session, oldest first. */
export const History = z.object({ messages: z.array(Row) });
export type History = z.infer<typeof History>;

/** What a session's history tells of its run. */
export type Finding =
  /** OpenClaw has no such session. */
  | { kind: 'unknown' }
  /** Nothing in it is an end: it is still at work, or ended without leaving a word. */
  | { kind: 'unfinished' }
  /** It ends with an answer. */
  | { kind: 'answered'; verdict: Extract<Verdict, { kind: 'succeeded' }> }
  /** It ends with an error. OpenClaw may yet try again by itself: an end only if it stays the last row. */
  | { kind: 'stopped'; row: string; verdict: Extract<Verdict, { kind: 'failed' }> };

/**
 * Reads the end of a session's history. Only a row of the assistant with `stopReason: "stop"` is an answer;
 * failed model calls leave rows with text too.
 */
export function readHistory({ messages }: History): Finding {
  const last = messages.at(-1);
  if (last?.role === 'assistant' && last.stopReason === 'stop') {
    const text = textOf(last);
    const isTruncated = text.endsWith(CUT_MARK);
    const answer = isTruncated ? text.slice(0, -CUT_MARK.length) : text;
    return { kind: 'answered', verdict: { kind: 'succeeded', answer, isTruncated, usage: usageOf(last) } };
  }
  const hasStopped = last?.stopReason === 'error' || last?.stopReason === 'aborted';
  if (last && (hasStopped || last.customType === 'run-failed-before-reply')) {
    const message = last.errorMessage || textOf(last) || 'The agent failed without a reason';
    const verdict = {
      kind: 'failed',
      code: 'AGENT_ERROR',
      message: message.slice(0, 2000),
      usage: null,
    } as const;
    return { kind: 'stopped', row: JSON.stringify(last), verdict };
  }
  return { kind: 'unfinished' };
}

const textOf = ({ content }: Row): string =>
  typeof content === 'string'
    ? content
    : (content ?? [])
        .map((part) => ('text' in part && typeof part.text === 'string' ? part.text : ''))
        .join('');

const usageOf = ({ usage, provider, model }: Row) =>
  usage
    ? {
        inputTokens: usage.input,
        outputTokens: usage.output,
        model: [provider, model].filter(Boolean).join('/') || null,
      }
    : null;
