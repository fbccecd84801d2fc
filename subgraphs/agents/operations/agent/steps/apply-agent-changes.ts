import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { versionConflict } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../../platform/subgraph/subgraph.ts';
import { lookerIn, maySeeAgent } from '../../../access.ts';
import { Agent } from '../../../entities/agent.ts';
import { agentNotFound, requireOwner } from './agent-input.ts';
import { publishAgent } from './publish-agent.ts';

/**
 * Changes an agent under its row's lock and tells everybody.
 *
 * Throws NOT_FOUND, FORBIDDEN for whoever is not the owner, and VERSION_CONFLICT when it is not at `expectedVersion`.
 */
export async function applyAgentChanges(
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
