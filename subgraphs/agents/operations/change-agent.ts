import { LockMode } from '@mikro-orm/core';
import { versionConflict } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/input.ts';
import type { RequestContext } from '../../../platform/room.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import { lookerIn, maySeeAgent } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import { agentNotFound, requireOwner } from './agent-input.ts';
import { publishAgent } from './publish-agent.ts';

/**
 * Changes an agent under its row's lock and tells everybody.
 *
 * Throws NOT_FOUND, FORBIDDEN for whoever is not the owner, and VERSION_CONFLICT when it is not at `expectedVersion`.
 */
export async function changeAgent(
  ctx: RequestContext,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
  change: (agent: Agent, tx: Transaction) => unknown,
): Promise<Agent> {
  return ctx.transact(async (tx) => {
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
    const agent = isUuid(id) ? await tx.em.findOne(Agent, { id }, lock) : null;
    if (!agent || !(await maySeeAgent(lookerIn(tx, ctx), agent))) throw agentNotFound(id);
    requireOwner(ctx, agent);
    if (expectedVersion != null && agent.version !== expectedVersion) throw versionConflict({ agent });
    await change(agent, tx);
    await tx.em.flush();
    await publishAgent(tx, id);
    return agent;
  });
}
