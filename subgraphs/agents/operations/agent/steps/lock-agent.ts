import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound, requireVersion } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import { maySeeAgent, requireManager } from '../../../access.ts';
import { Agent } from '../../../entities/agent.ts';

/**
 * Locks an agent until the commit. Throws NOT_FOUND when it does not exist or the actor may not see it.
 * `field` is the argument that named it.
 */
export async function lockAgent(tx: Transaction, id: string, field: readonly string[]): Promise<Agent> {
  const agent = isUuid(id) ? await lockOne(tx, Agent, { id }) : null;
  if (!agent || !(await maySeeAgent(tx, agent))) throw notFound('Agent', id, field);
  return agent;
}

/**
 * Locks an agent for a change. Throws what `lockAgent` throws, FORBIDDEN for an actor who is neither its owner nor an admin
 * of the workspace, and VERSION_CONFLICT when the agent is not at `expectedVersion`.
 */
export async function lockManagedAgent(
  tx: Transaction,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<Agent> {
  const agent = await lockAgent(tx, id, ['input', 'id']);
  requireManager(tx, agent, ['input', 'id']);
  if (!tx.isRepeat) requireVersion({ agent }, expectedVersion);
  return agent;
}
