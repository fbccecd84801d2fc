import { applyChanges } from '../../../../../platform/database/field-table.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Agent } from '../../../entities/agent.ts';
import { AGENT_FIELDS } from '../../../entities/agent-fields.ts';
import { publishAgentSettings } from './publish-agent.ts';

/** New values of an agent's fields. Undefined values stay as they are. */
export type AgentChanges = {
  readonly [Property in keyof typeof AGENT_FIELDS]?: Agent[Property] | undefined;
};

/**
 * Changes an agent and publishes it. The caller holds the agent's lock.
 * No-op changes are ignored: no event, no new version.
 */
export async function changeAgent(tx: Transaction, agent: Agent, changes: AgentChanges): Promise<void> {
  const earlierProjectIds = agent.projectIds ?? [];
  if (applyChanges(agent, AGENT_FIELDS, changes).length === 0) return;
  agent.updatedAt = await tx.now();
  await publishAgentSettings(tx, agent, earlierProjectIds);
}
