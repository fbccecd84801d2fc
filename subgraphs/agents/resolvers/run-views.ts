import type { EntityManager } from '@mikro-orm/postgresql';
import { encodeCursor } from '../../../platform/cursor.ts';
import { projectStream } from '../../../schema/events/event.ts';
import type { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import type { AgentStatus, QueueReason, RunQueue } from '../generated/resolvers.ts';
import type { AgentsContext, Workload } from '../loaders.ts';

/** What an agent does now: BUSY is exactly when a start with REJECT would be refused. */
export function agentStatus({ isEnabled, maxConcurrent }: Agent, { held, queued }: Workload): AgentStatus {
  if (!isEnabled) return 'DISABLED';
  const unfinished = held + queued;
  if (unfinished === 0) return 'IDLE';
  return unfinished < maxConcurrent ? 'WORKING' : 'BUSY';
}

/** Why a queued run waits, and behind how many. */
export async function readQueue(ctx: AgentsContext, run: AgentRun): Promise<RunQueue> {
  const [row]: { ahead: number; held_everywhere: number }[] = await ctx.em.execute(
    `select
       (select count(*)::int from agents.agent_run
        where agent_id = ? and state = 'QUEUED' and (queued_at, id) < (?, ?)) as ahead,
       (select count(*)::int from agents.agent_run where slot is not null) as held_everywhere`,
    [run.agentId, run.queuedAt, run.id],
  );
  const { ahead, held_everywhere } = row!;
  const agent = await ctx.loaders.agent.loadExisting(run.agentId);
  const { held } = await ctx.loaders.workload.load(run.agentId);
  return {
    position: ahead + 1,
    reason: queueReason(agent, run, { held, isFull: held_everywhere >= ctx.settings.runsMax }),
    since: run.queuedAt,
  };
}

function queueReason(
  agent: Agent,
  run: AgentRun,
  { held, isFull }: { held: number; isFull: boolean },
): QueueReason {
  if (!agent.isEnabled) return 'AGENT_DISABLED';
  if (run.nextHandOverAt > new Date()) return 'BACKOFF';
  if (held >= agent.maxConcurrent) return 'AGENT_AT_CAPACITY';
  return isFull ? 'OPENCLAW_AT_CAPACITY' : 'READY';
}

/** The position just before a run's first event: whoever follows from here sees every step. */
export async function readCursorBefore(em: EntityManager, run: AgentRun): Promise<string> {
  const stream = projectStream(run.projectId);
  const [row]: { first: number | null }[] = await em.execute(
    'select min(seq)::float8 as first from log.event where stream = ? and subject = ?',
    [stream, run.id],
  );
  return encodeCursor(stream, Math.max(0, (row?.first ?? 1) - 1));
}
