import { z } from 'zod';
import { isUniqueViolation } from '../../../../platform/database/database.ts';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, line, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { hearOf, requireProject } from '../../access.ts';
import { Channel, nameKeyOf } from '../../entities/channel.ts';

const Input = z.object({ projectId: z.string(), name: line(1, 80), idempotencyKey });

/** Opens a channel in a project. Throws DUPLICATE when the project has one of this name. */
export async function createChannel(ctx: RequestContext, rawInput: unknown): Promise<Channel> {
  const { idempotencyKey: key, ...input } = parseInput(Input, rawInput);
  await requireProject(ctx, input.projectId, 'MEMBER', ['input', 'projectId']);
  // Or a new project's own first channel would find its name taken.
  await hearOf(ctx, input.projectId);
  const call = { actor: ctx.viewer.id, operation: 'channelCreate', key, input };
  try {
    return await ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const channel = tx.em.create(Channel, { ...input, nameKey: nameKeyOf(input.name) });
        await tx.em.flush();
        return channel.id;
      });
      return tx.em.findOneOrFail(Channel, { id });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'channel_name_unique')) throw error;
    throw new DomainError('DUPLICATE', `The project has a channel ${input.name}; choose another name`, {
      field: ['input', 'name'],
    });
  }
}
