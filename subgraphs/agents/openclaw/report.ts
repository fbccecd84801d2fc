import { z } from 'zod';
import { DomainError } from '../../../platform/errors.ts';
import type { Usage, Verdict } from '../operations/settle-run.ts';

/** What the plugin in OpenClaw posts when a run has ended; what we do not use is not checked. */
const Body = z.object({
  sessionKey: z.string().min(1).max(500),
  success: z.boolean(),
  aborted: z.boolean().optional(),
  text: z.string().nullish(),
  error: z.string().nullish(),
  provider: z.string().nullish(),
  model: z.string().nullish(),
  usage: z.object({ input: z.number().nullish(), output: z.number().nullish() }).nullish(),
});

/** A report on a run, in our words. */
export interface RunReport {
  /** As we gave it: without the agent that OpenClaw puts in front, in lower case. */
  sessionKey: string;
  verdict: Verdict;
}

/** Reads a callback's body. Throws INVALID for anything that is not the plugin's report. */
export function readReport(json: string): RunReport {
  let parsed: ReturnType<typeof Body.safeParse>;
  try {
    parsed = Body.safeParse(JSON.parse(json));
  } catch {
    throw new DomainError('INVALID', 'The body is not JSON');
  }
  if (!parsed.success)
    throw new DomainError('INVALID', `The body is not a report: ${z.prettifyError(parsed.error)}`);
  const { sessionKey, ...report } = parsed.data;
  return { sessionKey: sessionKey.replace(/^agent:[^:]+:/, '').toLowerCase(), verdict: readVerdict(report) };
}

function readVerdict(report: Omit<z.infer<typeof Body>, 'sessionKey'>): Verdict {
  const usage = readUsage(report);
  if (report.success) {
    return { kind: 'succeeded', answer: storable(readAnswer(report.text)), isTruncated: false, usage };
  }
  if (report.aborted) return { kind: 'canceled' };
  const message = storable(report.error || 'The agent failed without a reason').slice(0, 2000);
  return { kind: 'failed', code: 'AGENT_ERROR', message, usage };
}

/** An agent that has nothing to say answers exactly NO_REPLY: it finished, without an answer. */
const readAnswer = (text: string | null | undefined): string =>
  text?.trim() === 'NO_REPLY' ? '' : (text ?? '');

/** An agent may say anything, also what PostgreSQL cannot store: NUL and halves of surrogate pairs. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

/** What is not reported stays unknown: 0 would say that it cost nothing. */
function readUsage({ usage, provider, model }: Omit<z.infer<typeof Body>, 'sessionKey'>): Usage | null {
  if (!usage) return null;
  const tokens = (count: number | null | undefined) => (count == null ? null : Math.round(count));
  return {
    inputTokens: tokens(usage.input),
    outputTokens: tokens(usage.output),
    model: [provider, model].filter(Boolean).join('/') || null,
  };
}
