import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { AgentChanged } from '../../../../../schema/events/agents.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import type { Agent } from '../../../entities/agent.ts';
import { AgentProject } from '../../../entities/agent-project.ts';
import { KnownProject } from '../../../entities/known-project.ts';

/** Publishes an agent whose status has changed to every project in which it has worked. */
export async function publishAgentStatus(tx: Transaction, agent: Agent): Promise<void> {
  publishTo(tx, agent, await readWorkplaces(tx, agent));
}

/**
 * Publishes an agent whose settings have changed, or a new one, to every project in which it has worked or may work.
 * `earlierProjectIds` are those in which it might work before.
 */
export async function publishAgentSettings(
  tx: Transaction,
  agent: Agent,
  earlierProjectIds: readonly string[] = [],
): Promise<void> {
  const mayWorkIn = agent.projectIds ?? (await tx.em.findAll(KnownProject)).map(({ id }) => id);
  publishTo(tx, agent, new Set([...(await readWorkplaces(tx, agent)), ...mayWorkIn, ...earlierProjectIds]));
}

async function readWorkplaces({ em }: Transaction, { id }: Agent): Promise<string[]> {
  const places = await em.find(AgentProject, { agentId: id });
  return places.map(({ projectId }) => projectId);
}

function publishTo(tx: Transaction, agent: Agent, projectIds: Iterable<string>): void {
  const payload = {
    agentId: agent.id,
    name: agent.name,
    slug: agent.slug,
    avatarUrl: agent.avatarUrl ?? null,
    isEnabled: agent.isEnabled,
    isArchived: agent.archivedAt != null,
  };
  for (const projectId of projectIds)
    tx.publish(AgentChanged, { stream: projectStream(projectId), subject: agent.id, payload });
}
