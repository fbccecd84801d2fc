import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findById } from '../../../../platform/database/find.ts';
import type { ClaimedCall } from '../../../../platform/event-log/idempotency.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { nonBlankText } from '../../../../platform/input/input.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { maySeeAgent, requireManager, requireWorkspaceAdmin } from '../../access.ts';
import { Agent } from '../../entities/agent.ts';
import type { ContextWithSettings } from '../../settings.ts';

const Input = z.strictObject({
  agentId: z.string().nullish(),
  text: nonBlankText(10_000),
  mode: z.enum(['NOW', 'NEXT_HEARTBEAT']).default('NOW'),
});

const FIELD = ['input', 'agentId'];

/**
 * Sends a text to an agent outside of any task. Writes nothing: OpenClaw does not tell what comes of it.
 * A repeat with one idempotency key sends nothing. When the process ended during the first call, it is UNAVAILABLE: nobody
 * knows whether OpenClaw got the text.
 *
 * Throws NOT_FOUND for an agent that the actor may not see, FORBIDDEN for an actor who is neither its owner nor
 * an admin of the workspace, or no admin when none is named, and UNAVAILABLE when OpenClaw does not take the text.
 */
export const wakeAgent = defineOperation(
  'agentWake',
  Input,
  async (ctx: ContextWithSettings, { agentId, text, mode }): Promise<void> => {
    // Nobody here owns OpenClaw's default agent.
    if (agentId == null) requireWorkspaceAdmin(ctx, 'wake the default agent; name an agent of yours', FIELD);
    const agent = agentId == null ? null : await requireManagedAgent(ctx, agentId);
    const { targets } = ctx.settings;
    const target = agent?.target ?? targets.names[0]!;
    const call = await ctx.transact(async (tx) => tx.call);
    if (call?.isRepeat) return requireSent(call);
    try {
      await targets.get(target).wake(text, mode === 'NOW' ? 'now' : 'next-heartbeat', agent?.slug ?? null);
      await call?.keepResult(ctx.em, randomUUID());
    } catch (error) {
      await call?.forget(ctx.em);
      ctx.log.warn({ err: error, target }, 'agent.not-woken');
      throw new DomainError('UNAVAILABLE', `OpenClaw did not take it: ${(error as Error).message}`);
    }
  },
);

async function requireManagedAgent(ctx: RequestContext, id: string): Promise<Agent> {
  const agent = await findById(ctx.em, Agent, id);
  if (!agent || !(await maySeeAgent(ctx, agent))) throw notFound('Agent', id, FIELD);
  requireManager(ctx, agent, FIELD);
  return agent;
}

/** Throws UNAVAILABLE for the repeat of a call that has not ended, or whose end nobody knows. */
function requireSent({ resultId }: ClaimedCall): void {
  if (resultId) return;
  const message =
    'The first call with this key has not ended, or its end is unknown; use another key to send it again';
  throw new DomainError('UNAVAILABLE', message, { field: ['input', 'idempotencyKey'] });
}
