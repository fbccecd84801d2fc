import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Agent } from '../../../entities/agent.ts';
import { publishAgentStatus } from '../../agent/steps/publish-agent.ts';

/**
 * Notes whether a target can be reached; `problem` says why not, and is null when it can. While it cannot, its runs
 * wait here. A change is published for each of its agents, because their status changes with it.
 */
export async function setTargetReachable(
  tx: Transaction,
  name: string,
  { problem }: { problem: string | null },
): Promise<void> {
  const isReachable = problem === null;
  tx.locks.take('OpenClawTarget');
  const changed: unknown[] = await tx.em.execute(
    `update agents.openclaw_target set is_reachable = ?, problem = ? where name = ? and is_reachable <> ?
     returning name`,
    [isReachable, problem, name, isReachable],
  );
  if (changed.length === 0) return;
  for (const agent of await tx.em.find(Agent, { target: name })) await publishAgentStatus(tx, agent);
}
