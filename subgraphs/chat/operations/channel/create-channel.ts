import { z } from 'zod';
import { isUniqueViolation } from '../../../../platform/database/database.ts';
import { nameKey } from '../../../../platform/input/clean-text.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { line } from '../../../../platform/input/input.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { catchUpWithProject, requireProject } from '../../access.ts';
import { Channel } from '../../entities/channel.ts';

const Input = z.strictObject({ projectId: z.string(), name: line(1, 80) });

/** Creates a channel in a project. Throws DUPLICATE when the project has one whose name looks the same. */
export const createChannel = defineOperation('channelCreate', Input, async (ctx: RequestContext, input) => {
  const { projectId, name } = input;
  await requireProject(ctx, projectId, 'MEMBER', ['input', 'projectId']);
  // Otherwise this channel could take the name of the new project's own first channel.
  await catchUpWithProject(ctx, projectId);
  try {
    return await createOnce(ctx, Channel, async (tx) => {
      const createdAt = await tx.now();
      const channel = tx.em.create(Channel, { projectId, name, nameKey: nameKey(name), createdAt });
      await tx.em.flush();
      return channel;
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'channel_name_unique')) throw error;
    throw new DomainError('DUPLICATE', `The project has a channel ${name}; choose another name`, {
      field: ['input', 'name'],
    });
  }
});
