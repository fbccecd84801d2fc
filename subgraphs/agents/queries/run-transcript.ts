import { DomainError } from '../../../platform/input/errors.ts';
import { PAGE_ITEMS_MAX } from '../../../platform/input/page-bounds.ts';
import { mayManage } from '../access.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import type { AgentsContext } from '../loaders.ts';
import { hideQuotations } from '../openclaw/private-text.ts';
import { isPosition, type TranscriptPage } from '../openclaw/transcript.ts';

const MESSAGES_DEFAULT = 50;

/** Which part of a transcript to read. */
export interface TranscriptRequest {
  /** By default the newest attempt. */
  attempt?: number | null | undefined;
  /** How many messages, 1 to 100; by default 50. */
  last?: number | null | undefined;
  /** `earlier` of the page that comes after this one. */
  before?: string | null | undefined;
}

/**
 * Reads a page of what was said in OpenClaw in an attempt; null for an attempt that the run does not have.
 * Throws INVALID for `last` out of bounds and a wrong `before`, and UNAVAILABLE while OpenClaw does not answer.
 */
export async function readRunTranscript(
  ctx: AgentsContext,
  run: AgentRun,
  { attempt: number = run.attempt, last, before }: TranscriptRequest,
): Promise<TranscriptPage | null> {
  const rows = last ?? MESSAGES_DEFAULT;
  if (rows < 1 || rows > PAGE_ITEMS_MAX)
    throw new DomainError('INVALID', `\`last\` must be 1 to ${PAGE_ITEMS_MAX}`, { field: ['last'] });
  if (before != null && !isPosition(before))
    throw new DomainError('INVALID', '`before` is not `earlier` of a page of this transcript', {
      field: ['before'],
    });
  const attempts = await ctx.loaders.attempts.load(run.id);
  const attempt = attempts.find((each) => each.number === (number ?? run.attempt));
  if (!attempt) return null;
  const agent = await ctx.loaders.agent.loadExisting(run.agentId);
  try {
    const session = { agentSlug: agent.slug, sessionKey: attempt.sessionKey };
    const client = ctx.settings.targets.get(attempt.target);
    const page = await client.readTranscript(session, { rows, before: before ?? null });
    return mayManage(ctx, agent) ? page : hidePrivate(page, attempt.systemPrompt ?? null);
  } catch (error) {
    ctx.log.warn({ err: error, runId: run.id, attempt: attempt.number }, 'transcript.not-read');
    throw new DomainError('UNAVAILABLE', 'OpenClaw does not show the conversation now; try again later');
  }
}

/** The page without the system prompt. */
const hidePrivate = (page: TranscriptPage, systemPrompt: string | null): TranscriptPage => ({
  ...page,
  messages: page.messages.map((message) =>
    message.isOfAgent ? message : { ...message, text: hideQuotations(message.text, systemPrompt) },
  ),
});
