import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { databaseTime } from '../../../../platform/database/database.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import type { Agent } from '../../entities/agent.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { endRun } from '../run/steps/end-run.ts';
import { applyAgentChanges } from './steps/apply-agent-changes.ts';

const Input = z.object({ id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Takes an agent out of use for good. Runs that wait are CANCELED, those in OpenClaw go on to their end.
 * A repeat changes nothing. Throws what `applyAgentChanges` throws.
 */
export async function archiveAgent(ctx: RequestContext, rawInput: unknown): Promise<Agent> {
  return applyAgentChanges(ctx, parseInput(Input, rawInput), async (agent, tx) => {
    if (agent.archivedAt) return;
    agent.archivedAt = await databaseTime(tx.em);
    agent.isEnabled = false;
    const waiting = await tx.em.find(
      AgentRun,
      { agentId: agent.id, state: { $in: ['QUEUED', 'INPUT_REQUIRED'] } },
      { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    const message = `${agent.name} was taken out of use`;
    for (const run of waiting)
      await endRun(tx, run, { state: 'CANCELED', code: 'CANCELED_BY_USER', message });
  });
}
