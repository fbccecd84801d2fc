import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { AgentChanged } from '../../../../../schema/events/agents.ts';
import { projectStream } from '../../../../../schema/events/event.ts';

/** Tells every project in which an agent works that its status or its settings changed. */
export async function publishAgent(tx: Transaction, agentId: string): Promise<void> {
  const projects: { project_id: string }[] = await tx.em.execute(
    'select project_id from agents.agent_project where agent_id = ?',
    [agentId],
  );
  for (const { project_id } of projects) {
    tx.publish(AgentChanged, { stream: projectStream(project_id), subject: agentId, payload: { agentId } });
  }
}
