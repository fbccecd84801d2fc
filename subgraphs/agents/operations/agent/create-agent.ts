import { z } from 'zod';
import { isUniqueViolation } from '../../../../platform/database/database.ts';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { Agent } from '../../entities/agent.ts';
import { AGENT_FIELDS, requireProjects, requireTarget } from './steps/agent-input.ts';

const Input = z.object({
  ...AGENT_FIELDS,
  slug: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be 1 to 50 lower-case letters, digits, - and _'),
  idempotencyKey,
});

/**
 * Adds an agent; the viewer becomes its owner. `targets` are the OpenClaws that it can run in, the default one first.
 * Throws DUPLICATE when the slug is taken.
 */
export async function createAgent(
  ctx: RequestContext,
  rawInput: unknown,
  { targets }: { targets: readonly string[] },
): Promise<Agent> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const { openClaw, ...values } = input;
  const target = requireTarget(targets, openClaw ?? targets[0]!);
  await requireProjects(ctx, values.projectIds);
  const call = { actor: ctx.viewer.id, operation: 'agentCreate', key, input };
  try {
    return await ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const agent = tx.em.create(Agent, {
          ...values,
          systemPrompt: values.systemPrompt ?? null,
          avatarUrl: values.avatarUrl ?? null,
          projectIds: values.projectIds ?? null,
          target,
          ownerId: ctx.viewer.id,
        });
        await tx.em.flush();
        return agent.id;
      });
      return tx.em.findOneOrFail(Agent, { id });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'agent_slug_unique')) throw error;
    throw new DomainError('DUPLICATE', `The slug ${input.slug} is taken by another agent`, {
      field: ['input', 'slug'],
    });
  }
}
