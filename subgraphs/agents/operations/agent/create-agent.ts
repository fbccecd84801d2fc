import { z } from 'zod';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { requirePerson } from '../../../../platform/identity/actor.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import { Agent } from '../../entities/agent.ts';
import type { ContextWithSettings } from '../../settings.ts';
import {
  asTakenSlug,
  CREATE_INPUTS,
  requireAdder,
  requireProjects,
  requireTarget,
} from './steps/agent-input.ts';
import { publishAgentSettings } from './steps/publish-agent.ts';

const Input = z.strictObject({
  ...CREATE_INPUTS,
  slug: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be 1 to 50 lower-case letters, digits, - and _'),
});

/**
 * Adds an agent; the person who acts becomes its owner. Without `openClaw` it runs in the first target.
 *
 * Throws FORBIDDEN for an agent in a run and for a person who may not add one, what `requireProjects` throws, INVALID for a
 * target that is not in the settings, and DUPLICATE when an agent in use has the slug in that target.
 */
export const createAgent = defineOperation('agentCreate', Input, async (ctx: ContextWithSettings, input) => {
  const owner = requirePerson(ctx.actor);
  await requireProjects(ctx, input.projectIds ?? null);
  requireAdder(ctx, ['input']);
  const { targets } = ctx.settings;
  const target = requireTarget(targets, input.openClaw ?? targets.names[0]!);
  try {
    return await createOnce(ctx, Agent, (tx) => insertAgent(tx, { ...input, target, ownerId: owner.id }));
  } catch (error) {
    throw asTakenSlug(error, input.slug, 'slug');
  }
});

async function insertAgent(
  tx: Transaction,
  { openClaw, ...values }: z.infer<typeof Input> & { target: string; ownerId: string },
): Promise<Agent> {
  const now = await tx.now();
  const agent = tx.em.create(Agent, {
    ...values,
    systemPrompt: values.systemPrompt ?? null,
    avatarUrl: values.avatarUrl ?? null,
    projectIds: values.projectIds ?? null,
    createdAt: now,
    updatedAt: now,
  });
  await tx.em.flush();
  await publishAgentSettings(tx, agent);
  return agent;
}
