import { z } from 'zod';
import { requirePerson } from '../../../../platform/identity/actor.ts';
import { requireVersion } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireWorkspaceAdmin } from '../../access.ts';
import { changeAgent } from './steps/change-agent.ts';
import { lockAgent } from './steps/lock-agent.ts';

const Input = z.strictObject({ id: z.string(), expectedVersion: z.int().nullish() });

const FIELD = ['input', 'id'];

/**
 * Makes an admin of the workspace the owner of an agent, such as one whose owner has left. A repeat changes nothing.
 * Throws NOT_FOUND for an agent that the actor may not see, FORBIDDEN for everybody else who is no admin, and
 * VERSION_CONFLICT.
 */
export const takeOverAgent = defineOperation('agentTakeOver', Input, (ctx: RequestContext, input) =>
  ctx.transact(async (tx) => {
    const agent = await lockAgent(tx, input.id, FIELD);
    requireWorkspaceAdmin(ctx, 'take agents over', FIELD);
    if (tx.isRepeat) return agent;
    requireVersion({ agent }, input.expectedVersion);
    await changeAgent(tx, agent, { ownerId: requirePerson(ctx.actor).id });
    return agent;
  }),
);
