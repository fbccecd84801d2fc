import { z } from 'zod';
import type { Ending } from '../entities/ending.ts';
import { readAnswer, readFailure, readUsage } from './ending.ts';

const Text = z.object({ type: z.literal('text'), text: z.string() });
const Row = z.object({
  role: z.string(),
  content: z.union([z.string(), z.array(z.union([Text, z.looseObject({ type: z.string() })]))]).optional(),
  stopReason: z.string().nullish(),
  errorMessage: z.string().nullish(),
  customType: z.string().nullish(),
  provider: z.string().nullish(),
  model: z.string().nullish(),
  timestamp: z.number().nullish(),
  usage: z
    .object({ input: z.number(), output: z.number(), cost: z.object({ total: z.number() }).nullish() })
    .nullish(),
});
export type HistoryRow = z.infer<typeof Row>;

/** The newest rows of a session, oldest first. */
export const History = z.object({ messages: z.array(Row), nextCursor: z.string().nullish() });
export type History = z.infer<typeof History>;

/** What the history of a session says about its run. */
export type Finding =
  /** OpenClaw has no such session. */
  | { kind: 'unknown' }
  /** The last row is no end: the run goes on, or ended without a row. */
  | { kind: 'unfinished' }
  /** The last row is an answer or a question. */
  | { kind: 'answered'; ending: Ending }
  /** The last row is an error. OpenClaw may try again by itself: it is the end only if it stays the last row. */
  | { kind: 'stopped'; row: string; ending: Ending };

/**
 * Reads the end of a session's history. Only a row of the assistant with `stopReason: "stop"` is an answer;
 * failed model calls leave rows with text too.
 */
export function readHistory({ messages }: History): Finding {
  const last = messages.at(-1);
  if (last?.role === 'assistant' && last.stopReason === 'stop') {
    const usage = readUsage(last.usage, last.provider, last.model);
    return { kind: 'answered', ending: readAnswer(textOf(last), usage) };
  }
  const hasStopped = last?.stopReason === 'error' || last?.stopReason === 'aborted';
  if (last && (hasStopped || last.customType === 'run-failed-before-reply')) {
    const ending: Ending =
      last.stopReason === 'aborted' && !last.errorMessage
        ? { kind: 'aborted' }
        : readFailure(last.errorMessage || textOf(last), null);
    return { kind: 'stopped', row: JSON.stringify(last), ending };
  }
  return { kind: 'unfinished' };
}

/** The text of a row without its other parts, such as tool calls. */
export const textOf = ({ content }: HistoryRow): string =>
  typeof content === 'string'
    ? content
    : (content ?? [])
        .map((part) => ('text' in part && typeof part.text === 'string' ? part.text : ''))
        .join('');
