import { z } from 'zod';
import { DomainError } from '../../../platform/input/errors.ts';
import { makeStorable } from '../../../platform/input/text.ts';
import type { Ending } from '../entities/ending.ts';
import { readAnswer, readFailure, readText, readUsage } from './ending.ts';

/** A name that PostgreSQL can store: a report that cannot be stored would be sent again forever. */
const name = (charactersMax: number) => z.string().max(charactersMax).transform(makeStorable);

/** What the plugin in OpenClaw posts when a run has ended. Fields that we do not use are not checked. */
const Body = z.object({
  sessionKey: name(500).refine((key) => key !== '', 'must not be empty'),
  runId: name(200).nullish(),
  success: z.boolean(),
  aborted: z.boolean().optional(),
  text: z.string().nullish(),
  error: z.string().nullish(),
  provider: name(200).nullish(),
  model: name(200).nullish(),
  usage: z
    .object({
      input: z.number().nullish(),
      output: z.number().nullish(),
      cost: z.object({ total: z.number().nullish() }).nullish(),
    })
    .nullish(),
});

/** A report on a run. */
export interface RunReport {
  /** The key that we gave the session: in lower case, without the agent that OpenClaw puts in front. */
  sessionKey: string;
  /** OpenClaw's own id of what it ran. */
  openClawRunId: string | null;
  ending: Ending;
}

/** Reads the body of a callback. Throws INVALID for a body that is not a report of the plugin. */
export function readReport(json: string): RunReport {
  let parsed: ReturnType<typeof Body.safeParse>;
  try {
    parsed = Body.safeParse(JSON.parse(json));
  } catch {
    throw new DomainError('INVALID', 'The body is not JSON');
  }
  if (!parsed.success)
    throw new DomainError('INVALID', `The body is not a report: ${z.prettifyError(parsed.error)}`);
  const { sessionKey, runId, ...report } = parsed.data;
  return {
    sessionKey: sessionKey.replace(/^agent:[^:]+:/, '').toLowerCase(),
    openClawRunId: runId || null,
    ending: readEnding(report),
  };
}

function readEnding(report: Omit<z.infer<typeof Body>, 'sessionKey' | 'runId'>): Ending {
  const usage = readUsage(report.usage, report.provider, report.model);
  if (report.success) return readAnswer(report.text ?? '', usage);
  const said = report.text ? readText(report.text) : null;
  return { ...(report.aborted ? { kind: 'aborted' } : readFailure(report.error ?? null, usage)), said };
}
