import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../platform/database/sql.ts';
import type { Agent } from '../entities/agent.ts';
import type { OpenClawTarget } from '../entities/openclaw-target.ts';

/** How much an agent has to do. */
export interface Workload {
  /** Runs that hold a slot. */
  held: number;
  /** Runs that wait for a slot. */
  queued: number;
}

/**
 * Counts the runs of agents, in the order of the ids. They are counted for every request: a stored counter would be
 * wrong after a crash.
 */
export async function readWorkloads(em: EntityManager, agentIds: readonly string[]): Promise<Workload[]> {
  const rows: (Workload & { agent_id: string })[] = await em.execute(
    `select agent_id, count(slot)::int as held, count(*) filter (where state = 'QUEUED')::int as queued
     from agents.agent_run
     where agent_id = any(?) and (slot is not null or state = 'QUEUED')
     group by agent_id`,
    [asArray(agentIds)],
  );
  const byAgent = new Map(rows.map(({ agent_id, held, queued }) => [agent_id, { held, queued }]));
  return agentIds.map((id) => byAgent.get(id) ?? { held: 0, queued: 0 });
}

/** The status of an agent; the same names as the GraphQL enum `AgentStatus`. */
export type AgentStatus = 'IDLE' | 'WORKING' | 'BUSY' | 'DISABLED' | 'UNREACHABLE';

/** Derives an agent's status. It is BUSY exactly when a start with `whenBusy: REJECT` would be refused. */
export function agentStatus(
  { isEnabled, maxConcurrent }: Pick<Agent, 'isEnabled' | 'maxConcurrent'>,
  { held, queued }: Workload,
  target: Pick<OpenClawTarget, 'isReachable'> | null,
): AgentStatus {
  if (!isEnabled) return 'DISABLED';
  if (target && !target.isReachable) return 'UNREACHABLE';
  const unfinished = held + queued;
  if (unfinished === 0) return 'IDLE';
  return unfinished < maxConcurrent ? 'WORKING' : 'BUSY';
}
