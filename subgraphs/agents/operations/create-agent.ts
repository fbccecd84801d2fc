import { z } from 'zod';
import { isUniqueViolation } from '../../../platform/database.ts';
import { DomainError } from '../../../platform/errors.ts';
import { once } from '../../../platform/idempotency.ts';
import { httpsUrl, idempotencyKey, line, parseInput, text, whole } from '../../../platform/input.ts';
import type { RequestContext } from '../../../platform/room.ts';
import { Agent } from '../entities/agent.ts';

const Input = z.object({
  name: line(1, 100),
  slug: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be 1 to 50 lower-case letters, digits, - and _'),
  model: line(1, 100),
  systemPrompt: text(20_000).nullish(),
  maxConcurrent: whole(1, 100),
  isEnabled: z.boolean(),
  avatarUrl: httpsUrl.nullish(),
  idempotencyKey,
});

/** Adds an agent; the viewer becomes its owner. Throws DUPLICATE when the slug is taken. */
export async function createAgent(ctx: RequestContext, rawInput: unknown): Promise<Agent> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  const call = { actor: ctx.viewer.id, operation: 'agentCreate', key, input };
  try {
    return await ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const agent = tx.em.create(Agent, {
          ...input,
          systemPrompt: input.systemPrompt ?? null,
          avatarUrl: input.avatarUrl ?? null,
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
