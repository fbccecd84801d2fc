import { z } from 'zod';
import { DomainError } from '../../../../platform/input/errors.ts';
import { isUuid, nonBlankText, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { maySeeAgent } from '../../access.ts';
import { Agent } from '../../entities/agent.ts';
import type { Targets } from '../../openclaw/targets.ts';
import { agentNotFound, requireOwner } from './steps/agent-input.ts';

const Input = z.object({
  agentId: z.string().nullish(),
  text: nonBlankText(10_000),
  mode: z.enum(['NOW', 'NEXT_HEARTBEAT']),
});

/**
 * Says something to an agent outside of any task. Writes nothing here: OpenClaw tells nothing of what comes of it.
 *
 * Throws FORBIDDEN for whoever owns neither the agent nor, when none is named, any; UNAVAILABLE when OpenClaw does
 * not take it.
 */
export async function wakeAgent(ctx: RequestContext, rawInput: unknown, targets: Targets): Promise<void> {
  const { agentId, text, mode } = parseInput(Input, rawInput);
  const agent = agentId == null ? await requireAnyAgent(ctx) : await requireAgent(ctx, agentId);
  const target = agent?.target ?? targets.names[0]!;
  try {
    const slug = agent?.slug ?? null;
    await targets.get(target).wake(text, mode === 'NOW' ? 'now' : 'next-heartbeat', slug);
  } catch (error) {
    ctx.log.warn({ err: error, target }, 'agent.not-woken');
    throw new DomainError('UNAVAILABLE', `OpenClaw did not take it: ${(error as Error).message}`);
  }
}

async function requireAgent(ctx: RequestContext, id: string): Promise<Agent> {
  const agent = isUuid(id) ? await ctx.em.findOne(Agent, { id }) : null;
  if (!agent || !(await maySeeAgent(ctx, agent))) throw agentNotFound(id);
  requireOwner(ctx, agent);
  return agent;
}

/** The default agent of OpenClaw belongs to nobody here; whoever has brought agents may speak to it. */
async function requireAnyAgent(ctx: RequestContext): Promise<null> {
  if ((await ctx.em.count(Agent, { ownerId: ctx.viewer.id })) > 0) return null;
  const field = ['input', 'agentId'];
  throw new DomainError('FORBIDDEN', 'Name an agent of yours, or add one first', { field });
}
