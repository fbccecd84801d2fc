import { cutText, makeStorable } from '../../../platform/input/text.ts';
import type { Ending } from '../entities/ending.ts';
import type { ModelUsage } from '../entities/run-attempt.ts';
import { NO_QUESTION, readQuestion } from './question.ts';

/** OpenClaw and our plugin end a text that they cut with this mark. */
const CUT_MARK = '\n...(truncated)...';
const MESSAGE_CHARACTERS_MAX = 2_000;

/** Removes the mark from the end of a text that was cut. */
export function readText(text: string): { text: string; isTruncated: boolean } {
  const isTruncated = text.endsWith(CUT_MARK);
  // OpenClaw cuts between any two UTF-16 units, also within an emoji.
  const kept = isTruncated ? text.slice(0, -CUT_MARK.length).replace(/[\uD800-\uDBFF]$/, '') : text;
  return { text: makeStorable(kept), isTruncated };
}

/** Reads an agent's last message: it is an answer or a question. */
export function readAnswer(message: string, usage: ModelUsage | null): Ending {
  const said = readText(message);
  const { text, isTruncated } = said;
  // The end of a message that was cut is missing, and with it the place of a question.
  const { question, possibleQuestion } = isTruncated ? NO_QUESTION : readQuestion(text);
  if (question) return { kind: 'asked', question, usage, said };
  // An agent that has nothing to say answers exactly NO_REPLY: it finished without an answer.
  const answer = text.trim() === 'NO_REPLY' ? '' : text;
  return { kind: 'answered', answer, isTruncated, possibleQuestion, usage, said };
}

/** The run took longer than the `timeoutSeconds` of its request. */
const TIMED_OUT = /timed out in phase|^request timed out$/i;
/** OpenClaw was stopped during the run. It may continue the run after its start, and report again. */
const INTERRUPTED = /interrupted|session rebound|restart|shutting down|gateway.{0,20}(stopp|clos)/i;
/** The model may answer later. */
const TRANSIENT =
  /\b(429|5\d\d)\b|overloaded|rate.?limit|too many requests|temporary|timed? ?out|econn|socket hang up|network|fetch failed|connection/i;
/** Wrong keys, exhausted accounts and too long prompts do not pass, whatever else the message says. */
const PERMANENT =
  /\b(400|401|402|403|404|413|422)\b|unauthori|authenticat|forbidden|api.?key|quota|billing|credit|context.?(length|window|overflow)|schema/i;

/** Reads an error that OpenClaw reports: what it means for the run. */
export function readFailure(error: string | null, usage: ModelUsage | null): Ending {
  const message = cutText(error || 'The agent failed without a reason', MESSAGE_CHARACTERS_MAX);
  if (TIMED_OUT.test(message)) return { kind: 'timed-out', message };
  const failed = { kind: 'failed', message, usage } as const;
  if (INTERRUPTED.test(message))
    return { ...failed, code: 'OPENCLAW_LOST', isTransient: true, isDoubtful: true };
  if (TRANSIENT.test(message) && !PERMANENT.test(message))
    return { ...failed, code: 'MODEL_UNAVAILABLE', isTransient: true, isDoubtful: false };
  return { ...failed, code: 'AGENT_ERROR', isTransient: false, isDoubtful: false };
}

interface ReportedUsage {
  input?: number | null | undefined;
  output?: number | null | undefined;
  cost?: { total?: number | null | undefined } | null | undefined;
}

/**
 * Reads what a run cost. Values that were not reported stay null: 0 would mean that the run cost nothing.
 *
 * OpenClaw reports zeros for models that it did not reach, and a cost of 0 for models without a price in its settings.
 */
export function readUsage(
  usage: ReportedUsage | null | undefined,
  provider: string | null | undefined,
  model: string | null | undefined,
): ModelUsage | null {
  if (!usage || !(usage.input || usage.output)) return null;
  const dollars = usage.cost?.total;
  return {
    model: [provider, model].filter(Boolean).join('/') || 'unknown',
    inputTokens: readCount(usage.input),
    outputTokens: readCount(usage.output),
    costMicros: dollars ? readCount(dollars * 1_000_000) : null,
  };
}

/** A count that a JavaScript number holds exactly; null for any other number. */
function readCount(count: number | null | undefined): number | null {
  if (count == null || !(count >= 0 && count <= Number.MAX_SAFE_INTEGER)) return null;
  return Math.round(count);
}
