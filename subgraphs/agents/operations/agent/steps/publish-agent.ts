import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { AgentChanged } from '../../../../../schema/events/agents.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import type { Agent } from '../../../entities/agent.ts';
import { AgentProject } from '../../../entities/agent-project.ts';

/** Publishes an agent, whose settings or status have changed, to every project in which it has worked. */
export async function publishAgent(tx: Transaction, agent: Agent): Promise<void> {
  const projects = await tx.em.find(AgentProject, { agentId: agent.id });
  const payload = {
    agentId: agent.id,
    name: agent.name,
    slug: agent.slug,
    avatarUrl: agent.avatarUrl ?? null,
    isEnabled: agent.isEnabled,
    isArchived: agent.archivedAt != null,
  };
  for (const { projectId } of projects)
    tx.publish(AgentChanged, { stream: projectStream(projectId), subject: agent.id, payload });
}
